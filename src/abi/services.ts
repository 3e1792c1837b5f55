/** What the runtime's own helpers call the host by (hostHelper): numbers beyond those that helpers can have. */
/** To send a packet: (ifindex, flags, address, length). */
export const HOST_TRANSMIT = 0x8000_0000;
/** (signal, 1 for the thread alone) */
export const HOST_SIGNAL = 0x8000_0001;
/** To read a counter: (map, index, where to put it) */
export const HOST_COUNTER = 0x8000_0003;
/** (address, from, size) */
export const HOST_WRITE_USER = 0x8000_0002;
/** Calls on sockets: (socket, level, name, address, size) of an option, twice; (socket, address, size) of a sockaddr. */
export const HOST_SET_OPTION = 0x8000_0004;
export const HOST_GET_OPTION = 0x8000_0005;
export const HOST_BIND = 0x8000_0006;

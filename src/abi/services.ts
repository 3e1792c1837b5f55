/** What the runtime's own helpers call the host by (hostHelper), and with: numbers beyond those that helpers can have. */

/** To send a packet: (ifindex, flags, address, length). */
export const HOST_TRANSMIT = 0x8000_0000;
/** To send a signal: (signal, 1 for the thread alone). */
export const HOST_SIGNAL = 0x8000_0001;
/** To write to a task: (address, from, size). */
export const HOST_WRITE_USER = 0x8000_0002;
/** To read a counter: (map, index, where to put it). */
export const HOST_COUNTER = 0x8000_0003;
/** To set and to read an option of a socket: (socket, level, name, address, size). */
export const HOST_SET_OPTION = 0x8000_0004;
export const HOST_GET_OPTION = 0x8000_0005;
/** To bind a socket: (socket, address of the sockaddr, its size). */
export const HOST_BIND = 0x8000_0006;
/** To write to a stream of a program: (descriptor, stream, address, length). */
export const HOST_STREAM = 0x8000_0007;

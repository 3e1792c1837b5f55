// The UDP clients of record-traffic.sh: time requests, a voice-like stream, service discovery by multicast.
import { createSocket } from 'node:dgram';
import { setTimeout as pause } from 'node:timers/promises';

const send = (socket, message, port, address) =>
  new Promise((done, failed) => {
    socket.send(message, port, address, (error) => (error ? failed(error) : done()));
  });

async function askTheTime(type, address, count) {
  const socket = createSocket(type);
  const request = Buffer.alloc(48);
  request[0] = 0x23; // version 4, client
  for (let turn = 0; turn < count; turn++) {
    request.writeUInt32BE(Math.floor(Date.now() / 1000) + 2_208_988_800, 40);
    await send(socket, request, 123, address);
    await pause(2);
  }
  socket.close();
}

/** RTP (RFC 3550), payload type 0: 20 ms of sound a packet, only faster. */
async function speak(address, count) {
  const socket = createSocket('udp4');
  const packet = Buffer.alloc(172, 0xff);
  packet.writeUInt16BE(0x8000, 0);
  packet.writeUInt32BE(0x77656270, 8);
  for (let turn = 0; turn < count; turn++) {
    packet.writeUInt16BE(turn, 2);
    packet.writeUInt32BE(turn * 160, 4);
    await send(socket, packet, 7, address);
    await pause(1);
  }
  socket.close();
}

const question = Buffer.concat([
  Buffer.from('000000000001000000000000', 'hex'),
  Buffer.from('\x05_http\x04_tcp\x05local\0', 'latin1'),
  Buffer.from('000c0001', 'hex'),
]);

async function discover(type, group, device) {
  const socket = createSocket({ type, reuseAddr: true });
  await new Promise((done) => socket.bind(5353, done));
  socket.addMembership(group, device);
  socket.setMulticastInterface(device);
  for (let turn = 0; turn < 10; turn++) {
    await send(socket, question, 5353, group);
    await pause(5);
  }
  socket.close();
}

await Promise.all([
  askTheTime('udp4', '10.10.0.2', 120),
  askTheTime('udp6', 'fd00:10::2', 80),
  speak('192.0.2.10', 300),
  discover('udp4', '224.0.0.251', '10.10.0.1'),
  discover('udp6', 'ff02::fb', '::%wpc0'),
]);

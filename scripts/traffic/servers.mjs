// The servers of record-traffic.sh: HTTP, HTTPS, a clock over UDP (as NTP), echo.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

const folder = process.argv[2];

/** /bytes/N answers with N bytes; anything else says how much it was sent. */
function answer(request, response) {
  const size = Number(/^\/bytes\/(\d+)$/.exec(request.url)?.[1] ?? 0);
  let received = 0;
  request.on('data', (part) => {
    received += part.length;
  });
  request.on('end', () => {
    response.setHeader('content-type', 'text/plain');
    response.end(size > 0 ? 'webpf '.repeat(size / 6 + 1).slice(0, size) : `received ${received}\n`);
  });
}

createServer(answer).listen(8080, '::');
createSecureServer(
  { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/cert.pem`) },
  answer,
).listen(8443, '::');

/** Answers a datagram with one of the same length. */
function reply(port, make) {
  const socket = createSocket('udp6');
  socket.on('message', (message, { port: to, address }) => socket.send(make(message), to, address));
  socket.bind(port, '::');
}

reply(7, (message) => message);
reply(123, (message) => {
  const packet = Buffer.alloc(48);
  packet[0] = 0x24; // version 4, server
  packet[1] = 2;
  message.copy(packet, 24, 40, 48); // originate time stamp: the client's transmit time stamp
  packet.writeUInt32BE(Math.floor(Date.now() / 1000) + 2_208_988_800, 40);
  return packet;
});

// The inputs of the benchmark programs.   node inputs.mjs NAME: the bytes, on standard output
//                                         node inputs.mjs: the names, with the kind of program
import { pathToFileURL } from 'node:url';

const bytes = (hex) => Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));
/** Bytes that look random, the same for everyone. */
const pattern = (length) => Uint8Array.from({ length }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

const ethernet = '020000000002 020000000001';
/** TCP over IPv4, 10.10.0.1:40000 to 192.0.2.10:443, 64 bytes of payload. */
const tcp4 = joined(
  bytes(`${ethernet} 0800  4500 0068 1234 4000 4006 9b49 0a0a0001 c000020a`),
  bytes('9c40 01bb 00001000 00002000 5018 faf0 0000 0000'),
  pattern(64),
);
/** UDP over IPv6 in two VLAN tags, 40 bytes of payload. */
const vlan6 = joined(
  bytes(`${ethernet} 88a8 00c8 8100 001e 86dd  60000000 0030 11 40`),
  bytes('fd000010000000000000000000000001 fd000020000000000000000000000010 9c41 0035 0030 0000'),
  pattern(40),
);

const memory = (data) => ({ kind: 'memory', data });
const packet = (data) => ({ kind: 'packet', data });

export const inputs = {
  empty: memory(pattern(64)),
  xorshift: memory(pattern(64)),
  fnv1a: memory(pattern(1500)),
  murmur3: memory(pattern(1500)),
  siphash: memory(pattern(256)),
  chacha: memory(pattern(64)),
  crc32: memory(pattern(128)),
  toeplitz: memory(pattern(76)),
  divmod: memory(pattern(512)),
  divconst: memory(pattern(64)),
  bswap: memory(pattern(512)),
  checksum: memory(pattern(1500)),
  parse: memory(tcp4),
  parse_vlan6: { ...memory(vlan6), program: 'parse' },
  encapsulate: memory(joined(new Uint8Array(64), tcp4)),
  copy: memory(pattern(256)),
  calls: memory(pattern(64)),
  matmul: memory(pattern(768)),
  sort: memory(pattern(256)),
  sieve: memory(pattern(256)),
  search: memory(new Uint8Array(512)),
  tokenise: memory(pattern(1024)),
  minivm: memory(pattern(64)),
  map_array: packet(tcp4),
  map_percpu: packet(tcp4),
  map_hash: packet(tcp4),
  map_miss: packet(tcp4),
  map_update: packet(tcp4),
  map_churn: packet(tcp4),
  map_lru: packet(tcp4),
  map_lru_churn: packet(tcp4),
  map_lpm: packet(tcp4),
  map_firewall: packet(tcp4),
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const name = process.argv[2];
  if (name === undefined) {
    for (const [key, input] of Object.entries(inputs)) console.log(key, input.program ?? key, input.kind);
  } else {
    process.stdout.write(inputs[name].data);
  }
}

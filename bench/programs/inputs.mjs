// The packets of the benchmark programs.  node inputs.mjs NAME: the bytes, on standard output
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

const of = (kind) => (data) => ({ kind, data });
const compute = of('compute');
const packet = of('packet');
const call = of('calls');
const map = of('maps');

export const inputs = {
  empty: compute(pattern(64)),
  xorshift: compute(pattern(64)),
  fnv1a: compute(pattern(1500)),
  murmur3: compute(pattern(1500)),
  siphash: compute(pattern(256)),
  chacha: compute(pattern(64)),
  crc32: compute(pattern(128)),
  toeplitz: compute(pattern(76)),
  divmod: compute(pattern(512)),
  divconst: compute(pattern(64)),
  bswap: compute(pattern(512)),
  checksum: compute(pattern(1500)),
  parse: packet(tcp4),
  parse_vlan6: { ...packet(vlan6), program: 'parse' },
  encapsulate: packet(joined(new Uint8Array(64), tcp4)),
  copy: compute(pattern(256)),
  calls: call(pattern(64)),
  matmul: compute(pattern(768)),
  sort: compute(pattern(256)),
  sieve: compute(pattern(256)),
  search: compute(new Uint8Array(512)),
  tokenise: compute(pattern(1024)),
  minivm: compute(pattern(64)),
  map_array: map(tcp4),
  map_percpu: map(tcp4),
  map_hash: map(tcp4),
  map_miss: map(tcp4),
  map_update: map(tcp4),
  map_churn: map(tcp4),
  map_lru: map(tcp4),
  map_lru_churn: map(tcp4),
  map_lpm: map(tcp4),
  map_ringbuf: map(tcp4),
  map_firewall: map(tcp4),
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const name = process.argv[2];
  if (name === undefined) {
    for (const [key, input] of Object.entries(inputs)) console.log(key, input.program ?? key, input.kind);
  } else {
    process.stdout.write(inputs[name].data);
  }
}

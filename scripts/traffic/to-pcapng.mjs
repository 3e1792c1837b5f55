// Rewrites every Nth packet of a microsecond pcap file as pcapng with nanoseconds, tagged frames on an
// interface of their own:   to-pcapng.mjs IN.pcap OUT.pcapng N
import { readFileSync, writeFileSync } from 'node:fs';

const [input, output, nth] = process.argv.slice(2);
const file = readFileSync(input);
const u32 = (...values) => Buffer.from(Uint32Array.from(values).buffer);
const u16 = (...values) => Buffer.from(Uint16Array.from(values).buffer);
const pad = (bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
const option = (code, value) => Buffer.concat([u16(code, value.length), pad(Buffer.from(value))]);

function block(type, ...body) {
  const inner = Buffer.concat(body);
  return Buffer.concat([u32(type, inner.length + 12), inner, u32(inner.length + 12)]);
}

const NAME = 2;
const TSRESOL = 9;
const describe = (name) =>
  block(1, u16(1, 0), u32(262_144), option(NAME, name), option(TSRESOL, [9]), option(0, []));

const blocks = [
  block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1, 0), u32(0xffffffff, 0xffffffff)),
  describe('wpc0'),
  describe('wpc0.tagged'),
];
for (let at = 24, index = 0; at < file.length; index++) {
  const [seconds, micros, captured, original] = [0, 4, 8, 12].map((field) => file.readUInt32LE(at + field));
  const data = file.subarray(at + 16, at + 16 + captured);
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(micros) * 1_000n;
  const tagged = [0x8100, 0x88a8].includes(data.readUInt16BE(12)) ? 1 : 0;
  const fields = u32(tagged, Number(ns >> 32n), Number(ns & 0xffffffffn), captured, original);
  if (index % Number(nth) === 0) blocks.push(block(6, fields, pad(data)));
  at += 16 + captured;
}
writeFileSync(output, Buffer.concat(blocks));

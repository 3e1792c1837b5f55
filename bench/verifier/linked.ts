import type { MapSpec, Program } from '../../src/index.ts';

const BPF_F_SLEEPABLE = 1 << 4;
const BPF_F_XDP_HAS_FRAGS = 1 << 5;

const hex = (bytes: Uint8Array): string => (bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex'));

const sizes = ({ type, keySize, valueSize, maxEntries, flags }: MapSpec): string =>
  `${type} ${keySize} ${valueSize} ${maxEntries} ${flags}`;

function mapLines(map: MapSpec): string[] {
  const { inner, mapExtra = 0n, frozen = false, data = new Uint8Array(0) } = map;
  const line = `map ${sizes(map)} ${mapExtra} ${Number(frozen)} ${hex(data)}`;
  return inner === undefined ? [line] : [`inner ${sizes(inner)}`, line];
}

/** A program as webpf linked it, in the lines that `kernel-load -l` reads. */
export function linkedLines(program: Program): string {
  const { type, attachType = '', sleepable, frags, license, code } = program;
  const flags = (sleepable ? BPF_F_SLEEPABLE : 0) | (frags ? BPF_F_XDP_HAS_FRAGS : 0);
  const load = `load ${type} ${attachType || '-'} ${flags} ${hex(Buffer.from(license))} ${hex(code)}`;
  return [...program.maps.flatMap(mapLines), load, ''].join('\n');
}

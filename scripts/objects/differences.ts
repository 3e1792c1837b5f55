import type { ObjectFile } from '../../src/index.ts';

/** What matters of an object, as text: programs with their code, maps with their shape and contents. */
function essence({ programs, maps, refused, license }: ObjectFile): Map<string, string> {
  const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
  return new Map([
    ...programs.map(({ name, section, code }) => [`program ${name}`, `${section} ${hex(code)}`] as const),
    ...maps.map(
      ({ name, type, keySize, valueSize, maxEntries, flags, data }) =>
        [`map ${name}`, [type, keySize, valueSize, maxEntries, flags, hex(data)].join(' ')] as const,
    ),
    ...refused.map(({ program, error }) => [`refused ${program}`, error.code] as const),
    ['license', license],
  ]);
}

/** Names of what differs between two objects, or is in one alone. */
export function objectDifferences(one: ObjectFile, other: ObjectFile): string[] {
  const [a, b] = [essence(one), essence(other)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) => `${name} differs`);
}

/** What the kernel's programs of test/objects have noted (record.h), as committed beside the tests. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { valueCodec } from '../../src/frontend/btf/codec.ts';
import { openObject } from '../../src/frontend/object.ts';
import type { ObjectFile } from '../../src/index.ts';
import { kernelObjects, type ObjectInput } from '../kernel/object.ts';

/** What a run has left. */
export interface Noted {
  readonly retval: number;
  /** Hex; '' for programs without a packet. */
  readonly data: string;
  readonly results: readonly string[];
}

const FILE = new URL('./recorded.json', import.meta.url);

export const pathOf = (object: string): string =>
  fileURLToPath(new URL(`../objects/${object}.o`, import.meta.url));

export const fileOf = (object: string): ObjectFile => openObject(readFileSync(pathOf(object)), object);

/** The results that a program has noted in `.bss`. */
export function resultsIn({ maps }: Pick<ObjectFile, 'maps'>, bss: Uint8Array): readonly string[] {
  const map = maps.find(({ name }) => name.endsWith('.bss'));
  if (map?.btf === undefined || map.valueTypeId === undefined) throw new Error('the object has no .bss');
  const { results, count } = valueCodec(map.btf, map.valueTypeId).decode(bss) as {
    results: readonly bigint[];
    count: number;
  };
  if (count > results.length) throw new Error(`${count} results are more than there is room for`);
  return results.slice(0, count).map(String);
}

type Recorded = Readonly<Record<string, Noted>>;

export const recorded = (): Recorded => JSON.parse(readFileSync(FILE, 'utf8')) as Recorded;

/** Adds what the kernel says to the file, with WEBPF_RECORD=1. */
export const keepRecord = (name: string, noted: Noted): void => {
  const all = { ...recorded(), [name]: noted };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(FILE, `${JSON.stringify(sorted, undefined, 1)}\n`);
};

export const kernel = kernelObjects();

/** Asks the kernel. */
export function noteInKernel(object: string, program: string, input: ObjectInput): Noted {
  if (typeof kernel === 'string') throw new Error(kernel);
  const { retval, data, bss } = kernel(pathOf(object), program, input);
  return {
    retval,
    data: Buffer.from(data).toString('hex'),
    results: resultsIn(fileOf(object), bss),
  };
}

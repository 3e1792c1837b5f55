/** Programs of the repository's own objects with something changed. */
import { readdir, readFile } from 'node:fs/promises';
import { MAP_TYPE_ARENA } from '../../src/abi/maps.ts';
import { WebpfError } from '../../src/errors.ts';
import { openObject } from '../../src/frontend/object.ts';
import type { Program } from '../../src/frontend/program.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import { JUMPS } from '../../src/isa/families.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { checkStructure } from '../../src/verifier/structure.ts';
import { type Item, listingOf, resolve, without, withoutUnreachable } from '../nodiff/listing.ts';
import { Random } from '../nodiff/random.ts';
import { hasStateFreq, type Subject } from './subject.ts';

const FOLDERS = ['test/objects', 'examples', 'bench/programs'] as const;
const ROOT = new URL('../../', import.meta.url);
/** Larger ones take too long, again and again. */
const MOST_SLOTS = 1500;

export interface Original {
  readonly name: string;
  readonly program: Program;
}

/** The sandbox stops what proved programs may do (go where an arena has no page), and callbacks want their arguments. */
const isForSandbox = ({ maps, callback }: Program): boolean =>
  callback === undefined && maps.every(({ type }) => type !== MAP_TYPE_ARENA);

/** Neither too large nor in need of a kernel. */
const isPlain = (program: Program): boolean => {
  const { code, kfuncs = [], poisoned } = program;
  const isSmall = code.length / 8 <= MOST_SLOTS;
  return isSmall && kfuncs.length === 0 && (poisoned?.size ?? 0) === 0 && isForSandbox(program);
};

async function programsIn(folder: string): Promise<Original[]> {
  const files = (await readdir(new URL(folder, ROOT))).filter((name) => name.endsWith('.o')).sort();
  const found: Original[] = [];
  for (const file of files) {
    const path = `${folder}/${file}`;
    for (const program of openObject(await readFile(new URL(path, ROOT)), path).programs)
      if (isPlain(program)) found.push({ name: `${path} ${program.name}`, program });
  }
  return found;
}

let opened: Promise<readonly Original[]> | undefined;

/** Programs to mutate, the same in every run. */
export function openObjects(): Promise<readonly Original[]> {
  opened ??= Promise.all(FOLDERS.map(programsIn)).then((lists) => lists.flat());
  return opened;
}

type Mutation = (random: Random, items: readonly Item[]) => readonly Item[];

const change =
  (one: (random: Random, insn: Insn) => Insn): Mutation =>
  (random, items) => {
    const index = random.below(items.length);
    const item = items[index];
    return item === undefined ? items : items.with(index, { ...item, insn: one(random, item.insn) });
  };

const NEAR = [-64, -8, -4, -2, -1, 1, 2, 4, 8, 64] as const;

const immediate = change((random, insn) => {
  if (!('imm' in insn) || insn.imm === undefined || insn.kind === 'call' || insn.kind === 'addrSpaceCast')
    return insn;
  const imm = random.chance(0.7) ? (insn.imm + random.pick(NEAR)) | 0 : random.imm();
  return { ...insn, imm } as Insn;
});

const offset = change((random, insn) => {
  switch (insn.kind) {
    case 'load':
    case 'store':
    case 'atomic':
    case 'loadAcquire':
    case 'storeRelease': {
      const off = Math.max(-0x8000, Math.min(0x7fff, insn.off + random.pick(NEAR)));
      return { ...insn, off };
    }
    default:
      return insn;
  }
});

const registerOf = change((random, insn) => {
  if ('src' in insn && insn.src !== undefined && random.chance(0.5))
    return { ...insn, src: random.below(11) } as Insn;
  return 'dst' in insn ? ({ ...insn, dst: random.below(10) } as Insn) : insn;
});

const comparison = change((random, insn) => {
  if (insn.kind === 'jump')
    return { ...insn, op: random.pick(JUMPS).op, width: random.pick([32, 64] as const) };
  if (insn.kind === 'alu') return { ...insn, width: insn.width === 32 ? 64 : 32 };
  if (insn.kind === 'load' && insn.size !== 8) return { ...insn, signed: !insn.signed };
  return insn;
});

const sizes = change((random, insn) =>
  insn.kind === 'load' || insn.kind === 'store'
    ? ({
        ...insn,
        size: random.pick([1, 2, 4, 8] as const),
        ...(insn.kind === 'load' ? { signed: false } : {}),
      } as Insn)
    : insn,
);

const swap: Mutation = (random, items) => {
  const index = random.below(items.length - 1);
  const [a, b] = [items[index], items[index + 1]];
  return a === undefined || b === undefined ? items : items.with(index, b).with(index + 1, a);
};

const remove: Mutation = (random, items) => {
  const index = random.below(items.length);
  return without(items, index, index + 1);
};

const MUTATIONS: readonly Mutation[] = [immediate, offset, registerOf, comparison, sizes, swap, remove];
const TRIES = 30;

function encoded(items: readonly Item[]): Uint8Array | undefined {
  try {
    return encode(resolve(withoutUnreachable(items)));
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
}

const isWhole = (program: Program): boolean => {
  try {
    checkStructure(program);
    return true;
  } catch (error) {
    if (error instanceof WebpfError) return false;
    throw error;
  }
};

/** The program as the kernel is shown it: without BTF, so that its functions are all static. */
const bare = (program: Program, code: Uint8Array): Program => {
  const { btf: _, ...rest } = program;
  return { ...rest, code, subprograms: [], lines: [], maps: program.maps.map(({ btf: __, ...map }) => map) };
};

/** One of the programs with a few changes that the structural checks let pass; as it is, when none do. */
export function mutatedSubject(seed: number, originals: readonly Original[]): Subject {
  const random = new Random(seed);
  const { name, program } = random.pick(originals);
  const items = listingOf(decodeProgram(program.code).insns);
  const subject = { seed, origin: name, stateFreq: hasStateFreq(seed) };
  for (let tries = 0; tries < TRIES; tries++) {
    let changed: readonly Item[] = items;
    for (let left = random.pick([1, 1, 1, 2, 3]); left > 0; left--)
      changed = random.pick(MUTATIONS)(random, changed);
    const code = encoded(changed);
    const mutated = code && bare(program, code);
    if (mutated !== undefined && isWhole(mutated)) return { ...subject, program: mutated };
  }
  return { ...subject, program: bare(program, program.code) };
}

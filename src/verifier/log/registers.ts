/** Registers and stack slots as the kernel's log prints them (print_reg_state of kernel/bpf/log.c). */
import * as abi from '../../abi/state.ts';
import { formatBounds, formatScalar, signedText, unsignedText } from '../scalar.ts';
import { isPacket, kindOf } from '../state/kinds.ts';
import { nameOf } from '../walk/describe.ts';
import { DYNPTR_NAMES } from '../walk/special.ts';
import type { Walk } from '../walk/walk.ts';

const number = (x: number): string => signedText(BigInt(x));

const signed = (x: number): string => (x < 0 ? `${x}` : `+${x}`);

function scalarText(walk: Walk, r: number): string {
  const { memory } = walk;
  const prefix = memory.isPrecise(r) ? 'P' : '';
  const scalar = memory.scalar(r);
  if (scalar.mask === 0n) return prefix + signedText(BigInt.asIntN(64, scalar.value));
  const id = memory.id(r);
  const added = (id & abi.ID_ADDED) === 0 ? '' : signed(memory.off(r));
  const name = id === 0 ? '' : `id=${(id & ~abi.ID_ADDED) >>> 0}${added}`;
  const bounds = formatScalar(scalar).slice('scalar('.length, -1);
  return `${prefix}scalar(${[name, bounds].filter((part) => part !== '').join(',')})`;
}

const MAP_KINDS: ReadonlySet<number> = new Set([abi.KIND_MAP, abi.KIND_MAP_VALUE, abi.KIND_MAP_KEY]);

function* parts(walk: Walk, r: number): Generator<string> {
  const { memory } = walk;
  const type = memory.type(r);
  const kind = kindOf(type);
  if (memory.id(r) !== 0) yield `id=${memory.id(r)}`;
  if (memory.ref(r) !== 0) yield `ref_obj_id=${memory.ref(r)}`;
  if (MAP_KINDS.has(kind)) {
    const map = walk.map(memory.aux(r));
    if (map.name !== '') yield `map=${map.name.slice(0, 15)}`;
    yield `ks=${map.keySize},vs=${map.valueSize}`;
  }
  if (memory.off(r) !== 0) yield `off=${number(memory.off(r))}`;
  if (isPacket(type)) yield `r=${unsignedText(BigInt.asUintN(64, BigInt(memory.aux(r) | 0)))}`;
  if (kind === abi.KIND_MEM) yield `sz=${memory.aux(r)}`;
  if (kind === abi.KIND_DYNPTR) yield `type=${DYNPTR_NAMES[memory.aux(r)] ?? ''}`;
  yield* formatBounds(memory.scalar(r), (value) => `imm=${signedText(value)}`);
}

/** What a register (or a spilled one) of a frame holds. */
export function registerText(walk: Walk, frame: number, r: number): string {
  const { memory } = walk;
  const type = memory.type(r);
  if (type === abi.KIND_SCALAR) return scalarText(walk, r);
  const name = nameOf(walk, type, memory.aux(r));
  if (type !== abi.KIND_STACK) return `${name}(${[...parts(walk, r)].join(',')})`;
  const owner = memory.aux(r) === frame ? '' : `[${memory.aux(r)}]`;
  if (memory.isConst(r)) return `${name}${owner}${number(memory.off(r) + memory.constant(r))}`;
  return `${name}${owner}(${[...parts(walk, r)].join(',')})`;
}

/** What the walk has found out, as the proof's facts. */
import * as abi from '../abi/state.ts';
import type { Insn } from '../isa/insn.ts';
import type { InsnFacts, MapCallFact, Proof, RegisterFact, StackFact } from './proof.ts';
import type { Scalar } from './scalar.ts';
import { typeName } from './state/kinds.ts';
import type { Structure } from './structure.ts';
import { ScalarPool } from './values/pool.ts';
import { visitValues } from './values/values.ts';
import type { Walk } from './walk/walk.ts';

const isAccess = ({ kind }: Insn): boolean =>
  kind === 'load' ||
  kind === 'store' ||
  kind === 'atomic' ||
  kind === 'loadAcquire' ||
  kind === 'storeRelease';

/** Register that holds the address of an access. */
const baseOf = (insn: Insn): number | undefined => {
  if (insn.kind === 'load' || insn.kind === 'loadAcquire') return insn.src;
  return insn.kind === 'store' || insn.kind === 'atomic' || insn.kind === 'storeRelease'
    ? insn.dst
    : undefined;
};

function mapCallAt(walk: Walk, slot: number): MapCallFact | undefined {
  const map = walk.facts.mapOf(slot);
  const spec = map === undefined ? undefined : walk.code.program.maps[map];
  if (map === undefined || spec === undefined) return undefined;
  return { map, keySize: spec.keySize, valueSize: spec.valueSize, key: walk.facts.keyOf(slot) };
}

/** What is known of the scalars that instructions read, by slot and register; nothing where nothing is. */
type Scalars = ReadonlyMap<number, Scalar>;

const keyOf = (slot: number, register: number): number => slot * 16 + register;

function scalarsOf(walk: Walk, structure: Structure): Scalars {
  const { memory, ops, facts } = walk;
  const scalars = new Map<number, Scalar>();
  const pool = new ScalarPool(memory);
  const unknown = memory.scratch(0);
  ops.setUnknown(unknown);
  visitValues(walk, structure.subprograms, (slot, at) => {
    if (facts.seen[slot] === 0) return;
    walk.code.reads[slot]?.forEach((register, position) => {
      const isScalar = facts.operandType(slot, position) === abi.KIND_SCALAR;
      if (!isScalar || register === 10 || ops.equal(at(register), unknown) !== 0) return;
      scalars.set(keyOf(slot, register), pool.scalarAt(at(register)));
    });
  });
  return scalars;
}

function registerFacts(walk: Walk, slot: number, scalars: Scalars): RegisterFact[] {
  const reads = walk.code.reads[slot] ?? [];
  return reads.map((register, position) => {
    const type = walk.facts.operandType(slot, position);
    const kind = type < 0 ? undefined : typeName(type);
    return { register, kind, scalar: scalars.get(keyOf(slot, register)) };
  });
}

function factsAt(walk: Walk, slot: number, insn: Insn, scalars: Scalars): InsnFacts {
  if (walk.facts.seen[slot] === 0) return { dead: true };
  const registers = registerFacts(walk, slot, scalars);
  const base = baseOf(insn);
  return {
    safe: isAccess(insn) ? true : undefined,
    taken: insn.kind === 'jump' ? walk.facts.taken(slot, insn) : undefined,
    registers,
    memory: base === undefined ? undefined : registers.find(({ register }) => register === base)?.kind,
    mapCall: mapCallAt(walk, slot),
    fixups: walk.facts.fixupsOf(slot),
    ...(walk.facts.narrow.has(slot) && { narrow: true }),
    stackOffset: walk.facts.stackOffset(slot),
  };
}

function stacksOf(walk: Walk, structure: Structure): StackFact[] {
  return structure.subprograms.map(({ start }, index) => ({
    start,
    depth: walk.facts.depths.get(index) ?? 0,
    escaping: [...(walk.facts.escapes.get(index) ?? [])].sort((a, b) => a - b),
  }));
}

/** The proof of a program that was accepted. */
export function buildProof(walk: Walk, structure: Structure): Proof {
  const scalars = scalarsOf(walk, structure);
  const facts = new Map<number, InsnFacts>();
  structure.decoded.insns.forEach((insn, slot) => {
    if (insn !== undefined) facts.set(slot, factsAt(walk, slot, insn, scalars));
  });
  const { contextSize, contextPointers, farPointers } = walk.facts;
  const stacks = stacksOf(walk, structure);
  return {
    mode: 'verified',
    facts,
    stacks,
    contextSize,
    contextPointers: [...contextPointers.values()],
    farPointers,
  };
}

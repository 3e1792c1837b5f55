/** What the walk has found out, as the proof's facts. */
import * as abi from '../abi/state.ts';
import type { Insn } from '../isa/insn.ts';
import type { InsnFacts, MapCallFact, Proof, RegisterFact, StackFact } from './proof.ts';
import { typeName } from './state/kinds.ts';
import { effectOf } from './static/registers.ts';
import type { Structure } from './structure.ts';
import { scalarFacts } from './values/values.ts';
import type { Walk } from './walk/walk.ts';

const REGISTERS = [...Array(11).keys()];

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

function factsAt(walk: Walk, slot: number, insn: Insn, scalars: ReturnType<typeof scalarFacts>): InsnFacts {
  if (walk.facts.seen[slot] === 0) return { dead: true };
  const { reads } = effectOf(insn, walk.code.countArguments);
  const read = insn.kind === 'packet' ? [] : REGISTERS.filter((register) => (reads & (1 << register)) !== 0);
  const registers = read.map((register, position): RegisterFact => {
    const type = walk.facts.operandType(slot, position);
    const kind = type < 0 ? undefined : typeName(type);
    const scalar = type === abi.KIND_SCALAR ? scalars(slot, register) : undefined;
    return { register, kind, scalar };
  });
  const base = baseOf(insn);
  return {
    registers,
    ...(isAccess(insn) ? { safe: true } : {}),
    ...(base === undefined ? {} : { memory: registers.find(({ register }) => register === base)?.kind }),
    ...(insn.kind === 'jump' ? { taken: walk.facts.taken(slot, insn) } : {}),
    mapCall: mapCallAt(walk, slot),
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
  const scalars = scalarFacts(walk);
  const facts = new Map<number, InsnFacts>();
  structure.decoded.insns.forEach((insn, slot) => {
    if (insn !== undefined) facts.set(slot, factsAt(walk, slot, insn, scalars));
  });
  return { mode: 'verified', facts, stacks: stacksOf(walk, structure) };
}

import { LDDW } from '../../isa/lddw.ts';
import { accessPath } from '../btf/access.ts';
import type { Btf, CoreRelocation } from '../btf/types.ts';
import { badRelocation, type Site } from '../externs.ts';
import { POISON_HELPER } from '../program.ts';
import type { CoreAnswer } from './answer.ts';
import { coreKind } from './kinds.ts';
import { contextTarget, type TargetTypes } from './target.ts';

const SLOT = 8;
const CALL = 0x85;

const SOURCE_REGISTER = 0x08;
/** Instruction classes: ALU and ALU64; LDX, ST and STX. */
const ALU: readonly number[] = [4, 7];
const MEMORY: readonly number[] = [1, 2, 3];
const MAX_OFFSET = 0x7fff;

/** The bits of an opcode that say how much a load or store moves, and what they say. */
const SIZE_BITS = 0x18;
const SIZES: ReadonlyMap<number, number> = new Map([
  [4, 0x00],
  [2, 0x08],
  [1, 0x10],
  [8, 0x18],
]);

type Value = Extract<CoreAnswer, { kind: 'value' }>;

/** A place in a program's code. */
interface Place {
  readonly code: DataView;
  readonly slot: number;
}

/** Where the relocated value is in an instruction, and its number before. */
interface Operand {
  /** As unsigned 64 bits. */
  readonly before: bigint;
  readonly set: (value: bigint) => void;
}

const isMemory = (opcode: number): boolean => MEMORY.includes(opcode & 7);

const unsigned64 = (value: number): bigint => BigInt.asUintN(64, BigInt(value));

const low = (value: bigint): number => Number(BigInt.asUintN(32, value));

function wideOperand({ code, slot }: Place): Operand | undefined {
  const at = slot * SLOT;
  const plain = code.getUint8(at + 1) >> 4 === 0 && code.getInt16(at + 2, true) === 0;
  if (!plain || code.getUint32(at + 8, true) !== 0) return undefined;
  return {
    before: BigInt(code.getUint32(at + 4, true)) | (BigInt(code.getUint32(at + 12, true)) << 32n),
    set: (value) => {
      code.setUint32(at + 4, low(value), true);
      code.setUint32(at + 12, low(value >> 32n), true);
    },
  };
}

/** undefined where no value can be. */
function operandAt(place: Place): Operand | undefined {
  const { code, slot } = place;
  const at = slot * SLOT;
  const opcode = code.getUint8(at);
  if (opcode === LDDW) return wideOperand(place);
  if (isMemory(opcode)) {
    const before = unsigned64(code.getInt16(at + 2, true));
    return { before, set: (value) => code.setInt16(at + 2, low(value), true) };
  }
  if (!ALU.includes(opcode & 7) || (opcode & SOURCE_REGISTER) !== 0) return undefined;
  const before = unsigned64(code.getInt32(at + 4, true));
  return { before, set: (value) => code.setUint32(at + 4, low(value), true) };
}

/** A 32-bit immediate may stand for a number without a sign. */
const isExpected = (before: bigint, local: bigint, opcode: number): boolean =>
  before === local ||
  (opcode !== LDDW && !isMemory(opcode) && before === BigInt.asUintN(64, BigInt.asIntN(32, local)));

/** Gives a load or store the size that the field has on the host. */
function resize({ code, slot }: Place, { from, to }: NonNullable<Value['resize']>, site: Site): void {
  const opcode = code.getUint8(slot * SLOT);
  const bits = SIZES.get(to);
  if ((opcode & SIZE_BITS) !== SIZES.get(from) || bits === undefined) {
    throw badRelocation(
      `CO-RE relocation at insn ${site.insn}: opcode 0x${opcode.toString(16)} cannot turn from ${from} to ${to} bytes`,
      site,
    );
  }
  code.setUint8(slot * SLOT, (opcode & ~SIZE_BITS) | bits);
}

function operandOf(place: Place, { local }: Value, site: Site): Operand {
  const opcode = place.code.getUint8(place.slot * SLOT);
  const operand = operandAt(place);
  if (operand === undefined) {
    throw badRelocation(
      `CO-RE relocation at insn ${site.insn}: opcode 0x${opcode.toString(16)} cannot take one`,
      site,
    );
  }
  if (local !== undefined && !isExpected(operand.before, local, opcode)) {
    throw badRelocation(
      `CO-RE relocation at insn ${site.insn}: the instruction has ${BigInt.asIntN(64, operand.before)}, by the object's types it is ${BigInt.asIntN(64, local)}`,
      site,
    );
  }
  return operand;
}

/** False where the instruction has to be poisoned: it moves another number of bytes than the field has. */
function write(place: Place, answer: Value, site: Site): boolean {
  const { value, resize: change } = answer;
  const operand = operandOf(place, answer, site);
  if (isMemory(place.code.getUint8(place.slot * SLOT))) {
    if (value > MAX_OFFSET) {
      throw badRelocation(
        `CO-RE relocation at insn ${site.insn}: the field is at offset ${value}; an instruction reaches ${MAX_OFFSET}`,
        site,
      );
    }
    if (change?.fits === false) return false;
    if (change !== undefined) resize(place, change, site);
  }
  operand.set(value);
  return true;
}

function poison({ code, slot }: Place): void {
  code.setUint8(slot * SLOT, CALL);
  code.setUint8(slot * SLOT + 1, 0);
  code.setInt16(slot * SLOT + 2, 0, true);
  code.setInt32(slot * SLOT + 4, POISON_HELPER, true);
}

/** What is missing, for whoever reaches the instruction: names the type and the field concerned. */
function messageOf(btf: Btf, relocation: CoreRelocation, target: TargetTypes, answer: CoreAnswer): string {
  const what = `CO-RE relocation (${coreKind(relocation.kind)?.name} of ${accessPath(btf, relocation)})`;
  if (answer.kind === 'value') {
    const { from, to } = answer.resize ?? {};
    return `${what}: ${target.name} has ${to} bytes there, the program loads or stores ${from}`;
  }
  return target === contextTarget()
    ? `${what} needs the types of a kernel, which webpf does not have: give them with the option "btf"`
    : `${what}: ${target.name} has nothing that fits`;
}

/** An answered relocation, at the instruction it is about. */
export interface CorePatch {
  readonly btf: Btf;
  readonly relocation: CoreRelocation;
  readonly target: TargetTypes;
  answer(): CoreAnswer;
}

/**
 * Applies a CO-RE relocation to the instruction it is about, as libbpf does: where the target has no answer, the call
 * of a helper that does not exist takes its place, in both slots of a wide load.
 *
 * @param code instructions of the program
 * @param end first slot after the function
 * @returns why the slots in it must not be reached, none where the relocation is answered
 */
export function applyCore(
  code: DataView,
  end: number,
  { btf, relocation, target, answer }: CorePatch,
  site: Site,
): ReadonlyMap<number, string> {
  const { insn: slot } = site;
  const slots = code.getUint8(slot * SLOT) === LDDW ? [slot, slot + 1] : [slot];
  if (relocation.offset % SLOT !== 0 || slot + slots.length > end) {
    throw badRelocation(`CO-RE relocation at offset ${relocation.offset} is not at an instruction`, site);
  }
  const found = answer();
  if (found.kind === 'value' && write({ code, slot }, found, site)) return new Map();
  const message = messageOf(btf, relocation, target, found);
  for (const each of slots) poison({ code, slot: each });
  return new Map(slots.map((each) => [each, message]));
}

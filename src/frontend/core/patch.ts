import { accessPath } from '../btf/access.ts';
import type { Btf, CoreRelocation } from '../btf/types.ts';
import { badRelocation, type Site } from '../externs.ts';
import { POISON_HELPER } from '../program.ts';
import { type CoreAnswer, coreAnswer } from './answer.ts';
import { coreKind } from './kinds.ts';

const SLOT = 8;
const CALL = 0x85;
const LDDW = 0x18;

const SOURCE_REGISTER = 0x08;
/** Instruction classes: ALU and ALU64; LDX, ST and STX. */
const ALU: readonly number[] = [4, 7];
const MEMORY: readonly number[] = [1, 2, 3];

/** A place in a program's code. */
interface Place {
  readonly code: DataView;
  readonly slot: number;
}

/** Where the relocated value is in an instruction, and its number before; undefined where none can be. */
interface Operand {
  readonly before: number;
  readonly set: (value: number) => void;
}

function wideOperand({ code, slot }: Place): Operand | undefined {
  const at = slot * SLOT;
  const plain = code.getUint8(at + 1) >> 4 === 0 && code.getInt16(at + 2, true) === 0;
  if (!plain || code.getUint32(at + 8, true) !== 0) return undefined;
  return {
    before: code.getUint32(at + 4, true) + code.getUint32(at + 12, true) * 2 ** 32,
    set: (value) => {
      code.setUint32(at + 4, value, true);
      code.setUint32(at + 12, 0, true);
    },
  };
}

function operandAt({ code, slot }: Place): Operand | undefined {
  const at = slot * SLOT;
  const opcode = code.getUint8(at);
  if (opcode === LDDW) return wideOperand({ code, slot });
  if (MEMORY.includes(opcode & 7)) {
    return { before: code.getInt16(at + 2, true), set: (value) => code.setInt16(at + 2, value, true) };
  }
  if (!ALU.includes(opcode & 7) || (opcode & SOURCE_REGISTER) !== 0) return undefined;
  return { before: code.getInt32(at + 4, true), set: (value) => code.setInt32(at + 4, value, true) };
}

function write(place: Place, { value, local }: Extract<CoreAnswer, { kind: 'value' }>, site: Site): void {
  const operand = operandAt(place);
  if (operand === undefined) {
    const opcode = place.code.getUint8(place.slot * SLOT).toString(16);
    throw badRelocation(`CO-RE relocation at insn ${site.insn}: opcode 0x${opcode} cannot take one`, site);
  }
  if (local !== undefined && operand.before !== local) {
    throw badRelocation(
      `CO-RE relocation at insn ${site.insn}: the instruction has ${operand.before}, by the object's types it is ${local}`,
      site,
    );
  }
  operand.set(value);
}

function poison({ code, slot }: Place): void {
  code.setUint8(slot * SLOT, CALL);
  code.setUint8(slot * SLOT + 1, 0);
  code.setInt16(slot * SLOT + 2, 0, true);
  code.setInt32(slot * SLOT + 4, POISON_HELPER, true);
}

/** What is missing, for whoever reaches the instruction: names the type and the field concerned. */
function messageOf(btf: Btf, relocation: CoreRelocation): string {
  const what = `${coreKind(relocation.kind)?.name} of ${accessPath(btf, relocation)}`;
  return `CO-RE relocation (${what}) needs the types of a kernel, which webpf does not have`;
}

/**
 * Applies a CO-RE relocation to the instruction it is about, as libbpf does: where the host has no answer, the call
 * of a helper that does not exist takes its place, in both slots of a wide load.
 *
 * @param code instructions of the program
 * @param end first slot after the function
 * @returns why the slots in it must not be reached, none where the relocation is answered
 */
export function applyCore(
  code: DataView,
  end: number,
  btf: Btf,
  relocation: CoreRelocation,
  site: Site,
): ReadonlyMap<number, string> {
  const { insn: slot } = site;
  const slots = code.getUint8(slot * SLOT) === LDDW ? [slot, slot + 1] : [slot];
  if (relocation.offset % SLOT !== 0 || slot + slots.length > end) {
    throw badRelocation(`CO-RE relocation at offset ${relocation.offset} is not at an instruction`, site);
  }
  const answer = coreAnswer(btf, relocation, site);
  if (answer.kind === 'value') {
    write({ code, slot }, answer, site);
    return new Map();
  }
  const message = messageOf(btf, relocation);
  for (const each of slots) poison({ code, slot: each });
  return new Map(slots.map((each) => [each, message]));
}

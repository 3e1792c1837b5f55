/** What is wrong before any path is walked, and what would be right. */
import type { Program } from '../../frontend/program.ts';
import { Places } from './scene.ts';

/** By the wording of the structural checks, which are sentences already. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/unused here and must be zero/, 'leave fields that the instruction does not use at 0'],
  [
    /unknown opcode/,
    'use an opcode of RFC 9669: compile for another -mcpu, or look for bytes that are no code',
  ],
  [/but must be \d+/, 'set the field to one of these numbers'],
  [
    /jump out of range|call to invalid destination/,
    'let the offset lead to an instruction of the same program: it counts from the instruction behind',
  ],
  [/jump into the middle of ldimm64/, 'jump to the first of the two slots of the wide instruction'],
  [/last insn is not an exit or jmp/, 'end every function with `exit` or a jump back'],
  [/unreachable insn/, 'remove code that nothing leads to'],
  [/is called, but no subprogram begins there/, 'call the first instruction of a function'],
  [/is neither called nor has its address taken/, 'call the function, or leave it out'],
  [/slots in the program's table/, "let the table of functions agree with the code's calls"],
  [/recursive call/, 'write it as a loop: functions may not call themselves, not even through others'],
  [/call stack of \d+ frames/, 'inline some of the functions (__always_inline)'],
  [/frame pointer is read only/, 'use another register: r10 is the frame pointer'],
  [/the last register is/, 'there are r0 to r10'],
  [
    /lddw takes two slots|lddw: o/,
    'encode lddw in two slots, the second with opcode, registers and offset 0',
  ],
  [/map index/, 'refer to one of the maps of the program'],
  [/kfunc/, 'list the kernel function in the program'],
  [/CAP_BPF/, 'load with CAP_BPF'],
  [/program has no instructions|empty/, 'write at least `r0 = 0` and `exit`'],
];

export interface StructureWords {
  readonly summary: string;
  readonly hint: string;
}

/** The message names the instruction where there is no source line. */
export function structureWords(program: Program, reason: string, slot: number, hint: string): StructureWords {
  const places = new Places(program, slot);
  const isNamed = places.source() === undefined;
  const right = hint !== '' ? hint : (HINTS.find(([pattern]) => pattern.test(reason))?.[1] ?? '');
  return { summary: isNamed ? reason : `${places.where}: ${reason.replace(/^insn \d+: /, '')}`, hint: right };
}

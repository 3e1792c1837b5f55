/** Arithmetic that makes no address, and accesses that are not aligned. */

import { KIND_SCALAR } from '../../abi/state.ts';
import { inSource, targetText } from './memory.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { isKnown, originText } from './values.ts';

/** The register of the two operands that holds an address, whatever the kernel's words name. */
function addressOf(scene: Scene, register: number): number {
  const { insn } = scene;
  const operands =
    insn?.kind === 'alu' && insn.src !== undefined ? [register, insn.dst, insn.src] : [register];
  return (
    operands.find((one) => {
      const r = scene.register(one);
      return r !== undefined && scene.walk.memory.kind(r) !== KIND_SCALAR;
    }) ?? register
  );
}

/** The address that a sentence is about. */
function what(scene: Scene, register: number): string {
  const origin = scene.origin(addressOf(scene, register));
  return isKnown(origin) ? originText(scene, origin) : 'an address';
}

/** The same where it may not be plain that it is one. */
function whatAddress(scene: Scene, register: number): string {
  const text = what(scene, register);
  return /^(an|the) address/.test(text) ? text : `${text}, which is an address`;
}

const HERE =
  'only + and - with 64-bit numbers make addresses: compute with numbers first, and add the result to the pointer';

const onPointer =
  (verb: string, hint = HERE) =>
  (scene: Scene, match: RegExpExecArray): Diagnosis => ({
    summary: `${scene.where} ${verb} ${what(scene, Number(match[1]))}`,
    hint,
  });

const operator = (scene: Scene, match: RegExpExecArray): Diagnosis => ({
  summary: `${scene.where} applies ${match[2]} to ${whatAddress(scene, Number(match[1]))}`,
  hint: HERE,
});

const narrow = (scene: Scene, match: RegExpExecArray): Diagnosis => ({
  summary: `${scene.where} computes with the low 32 bits of ${whatAddress(scene, Number(match[1]))}`,
  hint: 'keep addresses in 64-bit types (void *, long): `(void *)(long)ctx->data`',
});

const ofKind = (scene: Scene, match: RegExpExecArray): Diagnosis => ({
  summary: `${scene.where} computes an address from ${what(scene, Number(match[1]))}, a pointer of type ${match[2]}, which has to stay as it is`,
  hint: 'use the pointer as it was given',
});

/** Offsets that no object is large enough for. */
const tooFar = (scene: Scene, match: RegExpExecArray): Diagnosis => ({
  summary: `${scene.where} moves a pointer of type ${match[1]} by ${match[2]}, which is further than any memory reaches`,
  hint: 'check the number before it is added',
});

function misaligned(scene: Scene, match: RegExpExecArray): Diagnosis {
  const size = Number(match[1]);
  const [register = -1] = scene.refusal.registers ?? [];
  const target = register < 0 ? 'memory' : targetText(scene, register);
  const isAtomic = scene.insn?.kind === 'atomic' ? 'an atomic operation of ' : '';
  return {
    summary: `${scene.where} accesses ${target}${inSource(scene)} with ${isAtomic}${size} bytes at an address that is no multiple of ${size}`,
    hint: `align it: ${size} bytes are accessed at multiples of ${size}; use smaller accesses or __builtin_memcpy() where the data is packed`,
  };
}

const STACK_ONLY = 'take the address with a constant added: `&array[3]`';
const SECRET = 'load with CAP_PERFMON, or leave the address where it is: only numbers may go there';

const leak = (scene: Scene, match: RegExpExecArray): Diagnosis => ({
  summary: `${scene.where} gives ${what(scene, Number(match[1]))} away, ${match[2]}, and the user who loads the program may not see addresses`,
  hint: SECRET,
});

const different = (scene: Scene): Diagnosis => ({
  summary: `${scene.where} is reached with pointers of different types, and accesses what they point to in different ways`,
  hint: 'keep the two accesses apart in the source, with a barrier between them: `asm volatile("");`',
});

export const POINTERS: Explainers = [
  [/^R(\d+) pointer \S+ pointer prohibited/, onPointer('computes with a second pointer and')],
  [/^R(\d+) bitwise operator (\S+) on pointer prohibited/, operator],
  [/^R(\d+) pointer arithmetic with (\S+) operator prohibited/, operator],
  [/^R(\d+) 32-bit pointer arithmetic prohibited/, narrow],
  [/^R(\d+) partial copy of pointer/, narrow],
  [
    /^R(\d+) tried to subtract pointer from scalar/,
    (scene) => ({
      summary: `${scene.where} subtracts an address from a number`,
      hint: 'subtract the number from the pointer',
    }),
  ],
  [/^R(\d+) subtraction from stack pointer prohibited/, onPointer('subtracts from', STACK_ONLY)],
  [/^R(\d+) pointer arithmetic on (\S+) prohibited/, ofKind],
  [/^math between (\S+) pointer and (-?\d+) is not allowed/, tooFar],
  [/^(\S+) pointer offset (-?\d+) is not allowed/, tooFar],
  [/^value -?\d+ makes (\S+) pointer be (out of bounds)/, tooFar],
  [/^misaligned .* size (\d+)$/, misaligned],
  [/^R(\d+) leaks addr (.*)/, leak],
  [/^R(\d+) (sign-extension part of) pointer/, leak],
  [/^same insn cannot be used with different pointers/, different],
  [
    /^R(\d+) pointer comparison prohibited/,
    (scene, match) => ({
      summary: `${scene.where} compares ${whatAddress(scene, Number(match[1]))} with something else than NULL, and the user who loads the program may not see addresses`,
      hint: 'compare pointers with NULL alone, or load with CAP_PERFMON',
    }),
  ],
  [
    /^R(\d+) pointer arithmetic prohibited/,
    (scene, match) => ({
      summary: `${scene.where} makes a number of ${whatAddress(scene, Number(match[1]))}`,
      hint: SECRET,
    }),
  ],
];

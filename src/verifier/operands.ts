/** Checks of single instructions that need more than their encoding: registers written, maps and kfuncs referred to. */
import type { Program } from '../frontend/program.ts';
import type { Decoded } from '../isa/decode.ts';
import type { CallInsn, Insn, InsnKind, LddwInsn } from '../isa/insn.ts';
import { refuse } from './refuse.ts';

/** The frame pointer. */
const R10 = 10;

const refuseWrite = (register: number, slot: number): void => {
  if (register === R10) refuse(slot, `insn ${slot}: frame pointer is read only: r10 cannot be a destination`);
};

const checkMap = ({ lo }: LddwInsn, slot: number, { maps }: Program): void => {
  if (lo >= 0 && lo < maps.length) return;
  refuse(slot, `insn ${slot}: map index ${lo} is out of range: the program has ${maps.length} maps`);
};

const PSEUDO_CHECKS: Readonly<
  Record<LddwInsn['pseudo'], (insn: LddwInsn, slot: number, program: Program) => void>
> = {
  0: () => undefined,
  1: (_, slot) => unlinked(slot, 'a map file descriptor (source 1)'),
  2: (_, slot) => unlinked(slot, 'a value of a map file descriptor (source 2)'),
  3: (_, slot) => unlinked(slot, 'a kernel variable by BTF id (source 3)'),
  4: () => undefined,
  5: checkMap,
  6: checkMap,
};

const unlinked = (slot: number, what: string): never => {
  const right = 'outside the kernel maps are linked by index (sources 5 and 6)';
  return refuse(slot, `insn ${slot}: lddw of ${what} has no meaning here: ${right}`, 'unsupported');
};

const checkKfunc = ({ imm, off }: CallInsn, slot: number, { kfuncs }: Program): void => {
  if (kfuncs === undefined) {
    const right = "outside the kernel they are called by name (the program's list of kfuncs)";
    refuse(
      slot,
      `insn ${slot}: the kfunc call of BTF id ${imm} has no meaning here: ${right}`,
      'unsupported',
    );
  }
  if (off !== 0)
    refuse(slot, `insn ${slot}: kfunc call with off ${off}: must be 0, modules have no BTF here`);
  if (imm >= 0 && imm < kfuncs.length) return;
  refuse(
    slot,
    `insn ${slot}: kfunc index ${imm} is out of range: the program names ${kfuncs.length} kernel functions`,
  );
};

/** The register an instruction writes besides r0 and call-clobbered ones; undefined when there is none. */
const WRITES: { readonly [K in InsnKind]: (insn: Extract<Insn, { kind: K }>) => number | undefined } = {
  alu: ({ dst }) => dst,
  neg: ({ dst }) => dst,
  endian: ({ dst }) => dst,
  lddw: ({ dst }) => dst,
  load: ({ dst }) => dst,
  store: () => undefined,
  atomic: ({ fetch, op, src }) => (fetch && op !== 'cmpxchg' ? src : undefined),
  loadAcquire: ({ dst }) => dst,
  storeRelease: () => undefined,
  packet: () => undefined,
  jump: () => undefined,
  ja: () => undefined,
  mayGoto: () => undefined,
  gotox: () => undefined,
  call: () => undefined,
  callx: () => undefined,
  exit: () => undefined,
  addrSpaceCast: ({ dst }) => dst,
};

const written = <K extends InsnKind>(insn: Extract<Insn, { kind: K }>, kind: K): number | undefined =>
  WRITES[kind](insn);

/** Checks every instruction by itself. */
export function checkOperands({ insns }: Decoded, program: Program): void {
  insns.forEach((insn, slot) => {
    if (insn === undefined) return;
    const register = written(insn, insn.kind);
    if (register !== undefined) refuseWrite(register, slot);
    if (insn.kind === 'lddw') PSEUDO_CHECKS[insn.pseudo](insn, slot, program);
    if (insn.kind === 'call' && insn.target === 'kfunc') checkKfunc(insn, slot, program);
    if (insn.kind === 'gotox') {
      refuse(
        slot,
        `insn ${slot}: gotox needs a jump table (map type insn_array), which webpf does not have`,
        'unsupported',
      );
    }
  });
}

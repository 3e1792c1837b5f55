import type { Insn, Size } from '../../isa/insn.ts';

/** The memory that an instruction itself loads or stores. */
export interface Access {
  readonly register: number;
  readonly off: number;
  readonly size: Size;
  readonly write: boolean;
}

export function accessOf(insn: Insn): Access | undefined {
  switch (insn.kind) {
    case 'load':
    case 'loadAcquire':
      return { register: insn.src, off: insn.off, size: insn.size, write: false };
    case 'store':
    case 'atomic':
    case 'storeRelease':
      return { register: insn.dst, off: insn.off, size: insn.size, write: true };
    default:
      return undefined;
  }
}

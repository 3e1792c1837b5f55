/** One instruction to statements. Jumps are the structure's business: they lower to nothing here. */
import { WebpfError } from '../../errors.ts';
import type { Insn, InsnKind } from '../../isa/insn.ts';
import type { Expr } from '../builder.ts';
import type { Scope } from '../scope.ts';
import { lowerAlu, lowerEndian, lowerNeg } from './alu.ts';
import { lowerCall, lowerCallx, lowerLddw } from './call.ts';
import {
  lowerAtomic,
  lowerLoad,
  lowerLoadAcquire,
  lowerPacket,
  lowerStore,
  lowerStoreRelease,
} from './memory.ts';

type Lowerings = {
  readonly [Kind in InsnKind]: (scope: Scope, insn: Extract<Insn, { kind: Kind }>, slot: number) => Expr[];
};

const nothing = (): Expr[] => [];

const refuse =
  (what: string) =>
  (_scope: Scope, _insn: Insn, slot: number): never => {
    throw new WebpfError('unsupported', `insn ${slot}: ${what} is not supported`, {
      stage: 'jit',
      insn: slot,
    });
  };

const LOWERINGS: Lowerings = {
  alu: lowerAlu,
  neg: lowerNeg,
  endian: lowerEndian,
  lddw: lowerLddw,
  load: lowerLoad,
  store: lowerStore,
  atomic: lowerAtomic,
  loadAcquire: lowerLoadAcquire,
  storeRelease: lowerStoreRelease,
  packet: lowerPacket,
  jump: nothing,
  ja: nothing,
  mayGoto: nothing,
  gotox: refuse('gotox (indirect jump)'),
  call: lowerCall,
  callx: lowerCallx,
  exit: (scope) => [...scope.flush(), scope.b.return(scope.reg(0))],
  addrSpaceCast: refuse('addr_space_cast (arena)'),
};

export const lowerInsn = (scope: Scope, insn: Insn, slot: number): Expr[] => {
  const lower = LOWERINGS[insn.kind] as (scope: Scope, insn: Insn, slot: number) => Expr[];
  return lower(scope, insn, slot);
};

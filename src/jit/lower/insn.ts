/** One instruction to values and effects. Jumps are the structure's business: they lower to nothing here. */
import { WebpfError } from '../../errors.ts';
import type { Insn, InsnKind } from '../../isa/insn.ts';
import type { InsnFacts } from '../../verifier/proof.ts';
import type { Flow } from '../ssa/flow.ts';
import { lowerAddrSpaceCast, lowerAlu, lowerEndian, lowerNeg } from './alu.ts';
import { lowerCall, lowerCallx, lowerLddw } from './call.ts';
import {
  lowerAtomic,
  lowerLoad,
  lowerLoadAcquire,
  lowerPacket,
  lowerStore,
  lowerStoreRelease,
} from './memory.ts';

type Lowering<I> = (flow: Flow, insn: I, facts: InsnFacts | undefined) => void;
type Lowerings = { readonly [Kind in InsnKind]: Lowering<Extract<Insn, { kind: Kind }>> };

const nothing = (): void => {};

const refuse =
  (what: string) =>
  ({ slot }: Flow): never => {
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
  exit: nothing,
  addrSpaceCast: lowerAddrSpaceCast,
};

export const lowerInsn = (flow: Flow, insn: Insn, facts: InsnFacts | undefined): void => {
  const lower = LOWERINGS[insn.kind] as Lowering<Insn>;
  lower(flow, insn, facts);
};

/** Instructions that load and store. */
import * as abi from '../../abi/state.ts';
import type {
  AtomicInsn,
  LoadAcquireInsn,
  LoadInsn,
  PacketInsn,
  StoreInsn,
  StoreReleaseInsn,
} from '../../isa/insn.ts';
import { isSocket, kindOf } from '../state/kinds.ts';
import { returnByPacketLoad } from './calls/functions.ts';
import { clearCallerSaved } from './calls/helperCall.ts';
import { checkLeaks } from './calls/references.ts';
import { nameOfType } from './describe.ts';
import { accessMemory, checkUnmoved } from './memory/access.ts';
import { lend } from './memory/stack.ts';
import type { Explored } from './paths/explore.ts';
import { refuse } from './refusal.ts';
import type { Walk } from './walk.ts';

/** Memory that is accessed otherwise than it looks: one instruction must not be used for two kinds of it. */
const isRewritten = (type: number): boolean => {
  const kind = kindOf(type);
  return kind === abi.KIND_CTX || kind === abi.KIND_BTF || kind === abi.KIND_ARENA || isSocket(type);
};

/** The kernel rewrites accesses to its own structures (save_aux_ptr_type). */
function noteKind(walk: Walk, type: number): void {
  const known = walk.memoryTypes[walk.insn];
  if (known === undefined) walk.memoryTypes[walk.insn] = type;
  else if (known !== type && (isRewritten(known) || isRewritten(type))) {
    refuse('same insn cannot be used with different pointers', {
      hint: 'let the compiler keep the two accesses apart (an asm volatile("") barrier between them)',
    });
  }
}

export function stepLoad(walk: Walk, { size, signed, dst, src, off }: LoadInsn): void {
  const type = walk.memory.type(walk.readable(src));
  accessMemory(walk, { register: src, off, size, write: false, dst, signed });
  noteKind(walk, type);
}

export function stepStore(walk: Walk, insn: StoreInsn): void {
  const { size, dst, off } = insn;
  if (insn.src !== undefined) walk.readable(insn.src);
  const type = walk.memory.type(walk.readable(dst));
  const stored = insn.src === undefined ? { imm: insn.imm } : { register: insn.src };
  if (insn.src !== undefined) escapeStored(walk, insn.src, type);
  accessMemory(walk, { register: dst, off, size, write: true, stored });
  noteKind(walk, type);
}

/** An address on the stack that goes to other memory may come back by any way. */
function escapeStored(walk: Walk, register: number, into: number): void {
  const r = walk.reg(register);
  if (walk.memory.kind(r) === abi.KIND_STACK && into !== abi.KIND_STACK)
    lend(walk, walk.memory.aux(r), -512, 0);
}

const NO_ATOMICS: ReadonlySet<number> = new Set([
  abi.KIND_CTX,
  abi.KIND_PACKET,
  abi.KIND_PACKET_META,
  abi.KIND_FLOW_KEYS,
  abi.KIND_SOCK,
  abi.KIND_SOCK_COMMON,
  abi.KIND_TCP_SOCK,
  abi.KIND_XDP_SOCK,
]);

function refuseAtomicOn(walk: Walk, register: number, verb: string): void {
  const r = walk.reg(register);
  if (NO_ATOMICS.has(walk.memory.kind(r))) {
    refuse(`${verb} R${register} ${nameOfType(walk, r)} is not allowed`);
  }
}

export function stepAtomic(walk: Walk, { op, fetch, size, dst, src, off }: AtomicInsn): void {
  const leak = (register: number): void => {
    if (walk.isSecret(walk.reg(register))) refuse(`R${register} leaks addr into mem`);
  };
  walk.readable(src);
  const type = walk.memory.type(walk.readable(dst));
  if (op === 'cmpxchg') {
    walk.readable(0);
    leak(0);
  }
  leak(src);
  refuseAtomicOn(walk, dst, 'BPF_ATOMIC stores into');
  const access = { register: dst, off, size, aligned: true };
  accessMemory(walk, { ...access, write: false });
  const loaded = fetch ? (op === 'cmpxchg' ? 0 : src) : undefined;
  if (loaded !== undefined) {
    walk.setUnknown(walk.reg(loaded));
    accessMemory(walk, { ...access, write: false, dst: loaded });
  }
  accessMemory(walk, { ...access, write: true });
  noteKind(walk, type);
}

export function stepLoadAcquire(walk: Walk, { size, dst, src, off }: LoadAcquireInsn): void {
  const type = walk.memory.type(walk.readable(src));
  refuseAtomicOn(walk, src, 'BPF_ATOMIC loads from');
  accessMemory(walk, { register: src, off, size, write: false, dst, aligned: true });
  noteKind(walk, type);
}

export function stepStoreRelease(walk: Walk, { size, dst, src, off }: StoreReleaseInsn): void {
  walk.readable(src);
  const type = walk.memory.type(walk.readable(dst));
  refuseAtomicOn(walk, dst, 'BPF_ATOMIC stores into');
  escapeStored(walk, src, type);
  accessMemory(walk, { register: dst, off, size, write: true, stored: { register: src }, aligned: true });
  noteKind(walk, type);
}

/** Types whose context is an skb (may_access_skb). */
const SKB_TYPES: ReadonlySet<string> = new Set(['socket_filter', 'sched_cls', 'sched_act']);

/** Historical packet loads take the skb in r6, and end the program where the packet ends (check_ld_abs). */
export function stepPacket(walk: Walk, { src }: PacketInsn, explored: Explored): void {
  const { memory } = walk;
  if (!SKB_TYPES.has(walk.env.type)) {
    refuse('BPF_LD_[ABS|IND] instructions not allowed for this program type');
  }
  const context = walk.readable(6);
  checkLeaks(walk, 'BPF_LD_[ABS|IND]', true, true);
  if (memory.type(context) !== abi.KIND_CTX) refuse('at the time of BPF_LD_ABS|IND R6 != pointer to skb');
  if (src !== undefined) walk.readable(src);
  checkUnmoved(walk, 6);
  clearCallerSaved(walk);
  walk.setUnknown(walk.reg(0));
  if (walk.frame > 0) returnByPacketLoad(walk, explored);
}

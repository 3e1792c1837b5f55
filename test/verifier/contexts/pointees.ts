import type { Pointee } from '../../../src/verifier/contexts/index.ts';
import { isRefusal, type KernelJudge } from '../../kernel/kernel.ts';
import { type Access, type AccessTable, encode, isLoad, opcodeOf, reasonOf, tabulate } from './measure.ts';
import type { Site } from './sites.ts';

const LOAD_8 = 0x79;
const MOVE = 0xbf;
const CALL = encode(0x85, 0, 0, 0, 0);
const EXIT = Buffer.concat([encode(0xb7, 0, 0, 0, 1), encode(0x95, 0, 0, 0, 0)]);
const call = (helper: number): Buffer => {
  const insn = Buffer.from(CALL);
  insn.writeInt32LE(helper, 4);
  return insn;
};

const SK_FULLSOCK = 95;
const TCP_SOCK = 96;
const MAP_LOOKUP = 1;

/** Leaves, behind whatever `before` does, r2 from `register`, and the program when that is null. */
const unlessNull = (register: number): Buffer =>
  Buffer.concat([encode(0x55, register, 0, 2, 0), EXIT, encode(MOVE, 2, register, 0, 0)]);

const SK_OF_SKB = Buffer.concat([encode(LOAD_8, 2, 1, 168, 0), unlessNull(2)]);
const fromHelper = (helper: number): Buffer =>
  Buffer.concat([SK_OF_SKB, encode(MOVE, 1, 2, 0, 0), call(helper), unlessNull(0)]);

const lookup = (map: number): Buffer =>
  Buffer.concat([
    encode(0x62, 10, 0, -4, 0),
    encode(MOVE, 2, 10, 0, 0),
    encode(0x07, 2, 0, 0, -4),
    encode(0x18, 1, 1, 0, map),
    encode(0, 0, 0, 0, 0),
    call(MAP_LOOKUP),
    unlessNull(0),
  ]);

/** How programs come by a pointer in r2. */
interface Way {
  readonly type: number;
  readonly attachType: number;
  readonly before: Buffer;
  /** Largest offset tried. */
  readonly size: number;
}

const SCHED_CLS = 3;
const ways = (xskmap: number): Readonly<Record<Pointee, Way>> => ({
  sock_common: { type: SCHED_CLS, attachType: 0, before: SK_OF_SKB, size: 80 },
  sock: { type: SCHED_CLS, attachType: 0, before: fromHelper(SK_FULLSOCK), size: 80 },
  tcp_sock: { type: SCHED_CLS, attachType: 0, before: fromHelper(TCP_SOCK), size: 112 },
  xdp_sock: { type: 6, attachType: 0, before: lookup(xskmap), size: 4 },
  flow_keys: { type: 22, attachType: 0, before: encode(LOAD_8, 2, 1, 144, 0), size: 56 },
});

export const POINTEES: readonly Pointee[] = ['sock_common', 'sock', 'tcp_sock', 'xdp_sock', 'flow_keys'];
export const pointeeWindows = (pointee: Pointee): Site['windows'] => [[-8, ways(0)[pointee].size + 8]];

const accessOf = (access: Access, offset: number): Buffer => {
  const stores = access.kind === 'store';
  const [dst, src] = stores || access.kind === 'constant' ? [2, stores ? 3 : 0] : [3, 2];
  return Buffer.concat([encode(0xb7, 3, 0, 0, 0), encode(opcodeOf(access), dst, src, offset, 0), EXIT]);
};

const XSKMAP = 17;

/**
 * Where bpf_tcp_sock_is_valid_access lets the upper half of a 64-bit counter pass, the kernel finds later that it
 * cannot be read, and says that its verifier is wrong.
 */
const VERIFIER_BUG = 'verifier bug: error during ctx access conversion (0)';

/** The refusal that the kernel is expected to word so. */
const usual = (pointee: Pointee, access: Access, offset: number): string => {
  if (pointee === 'flow_keys') return `invalid access to flow keys off=${offset} size=${access.size}`;
  if (!isLoad(access)) return `R2 cannot write into ${pointee}`;
  return `R2 invalid ${pointee} access off=${offset} size=${access.size}`;
};

/** Asks the kernel what programs may do with the memory behind a pointer. */
export async function measurePointee(judge: KernelJudge, pointee: Pointee): Promise<AccessTable> {
  const map = await judge.map(XSKMAP, 4, 4, 1, 0);
  if (isRefusal(map)) throw new Error(`no xskmap here (errno ${map.errno})`);
  const { type, attachType, before } = ways(map.id)[pointee];
  return tabulate(pointeeWindows(pointee), pointee === 'flow_keys', async (access, offset) => {
    const code = Buffer.concat([before, accessOf(access, offset)]);
    const verdict = await judge.verify({ type, attachType, code });
    if (verdict.errno === 0) return isLoad(access) ? 'scalar' : 'ok';
    const reason = reasonOf(verdict);
    return [usual(pointee, access, offset), VERIFIER_BUG].includes(reason) ? '' : `!${reason}`;
  });
}

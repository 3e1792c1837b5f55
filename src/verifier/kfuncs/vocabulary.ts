import type { IrqFlagArgument, KfuncResult, KfuncRow, ObjectArgument, RowArgument } from './types.ts';

/** Arguments, results and rows by short names, for the tables. */

export const scalar: RowArgument = { kind: 'scalar', constant: false };
export const constant: RowArgument = { kind: 'scalar', constant: true };
export const constSize: RowArgument = { kind: 'constSize' };
/** Bytes of the memory argument before. */
export const size: RowArgument = { kind: 'size', zeroAllowed: true };
export const ignored: RowArgument = { kind: 'ignored' };
export const programAux: RowArgument = { kind: 'programAux' };
export const string: RowArgument = { kind: 'string' };
export const context: RowArgument = { kind: 'context', struct: undefined };
export const skb: RowArgument = { kind: 'context', struct: '__sk_buff' };
export const xdp: RowArgument = { kind: 'context', struct: 'xdp_md' };
export const map: RowArgument = { kind: 'map' };
export const callback: RowArgument = { kind: 'callback' };
export const workqueue: RowArgument = { kind: 'workqueue' };
export const taskWork: RowArgument = { kind: 'taskWork' };

/** Kernel functions do not say which way data goes: their memory must be readable and writable. */
export const memory: RowArgument = { kind: 'memory', access: 'write', nullable: false };
export const memoryOrNull: RowArgument = { kind: 'memory', access: 'write', nullable: true };
export const memoryOf = (bytes: number): RowArgument => ({
  kind: 'memory',
  access: 'write',
  nullable: false,
  size: bytes,
});

export const dynptr: RowArgument = { kind: 'dynptr', state: 'initialised', nullable: false };
export const dynptrOrNull: RowArgument = { kind: 'dynptr', state: 'initialised', nullable: true };
export const newDynptr = (of: 'skb' | 'skbMeta' | 'xdp' | 'clone'): RowArgument => ({
  kind: 'dynptr',
  state: 'uninit',
  of,
  nullable: false,
});

export const btf = (struct: string): RowArgument => ({
  kind: 'btf',
  struct,
  nullable: false,
  release: false,
});
export const btfOrNull = (struct: string): RowArgument => ({
  kind: 'btf',
  struct,
  nullable: true,
  release: false,
});
export const released = (struct: string): RowArgument => ({
  kind: 'btf',
  struct,
  nullable: false,
  release: true,
});
export const irqFlag = (state: IrqFlagArgument['state'], by: IrqFlagArgument['by']): RowArgument => ({
  kind: 'irqFlag',
  state,
  by,
});
export const object = (of: ObjectArgument['of']): RowArgument => ({ kind: 'object', of });

const integer = (bytes: 1 | 2 | 4 | 8, signed: boolean): KfuncResult => ({
  kind: 'integer',
  size: bytes,
  signed,
});
export const int = integer(4, true);
export const u32 = integer(4, false);
export const s64 = integer(8, true);
export const bool = integer(1, false);
export const nothing: KfuncResult = { kind: 'void' };

const structure = (
  struct: string,
  more: Partial<Extract<KfuncResult, { readonly kind: 'btf' }>>,
): KfuncResult => ({
  nullable: true,
  acquire: false,
  trust: 'trusted',
  ...more,
  kind: 'btf',
  struct,
});
export const acquired = (struct: string): KfuncResult =>
  structure(struct, { acquire: true, nullable: false });
export const acquiredOrNull = (struct: string): KfuncResult => structure(struct, { acquire: true });
export const untrusted = (struct: string): KfuncResult =>
  structure(struct, { nullable: false, trust: 'untrusted' });

/** NULL or memory that the program may not write. */
export const readableOrNull = (bytes: number): KfuncResult => ({
  kind: 'memory',
  size: bytes,
  readOnly: true,
  nullable: true,
});
export const objectOrNull = (acquire: boolean): KfuncResult => ({ kind: 'object', nullable: true, acquire });

/** The three functions of an iterator over structures: `new` takes further arguments. */
export function iterator(
  of: string,
  slots: number,
  element: KfuncResult | { readonly struct: string; readonly trust: 'trusted' | 'rcu' },
  construct: KfuncRow,
  every: Pick<KfuncRow, 'sleepable'> = {},
): Readonly<Record<string, KfuncRow>> {
  const at = (state: 'uninit' | 'active'): RowArgument => ({ kind: 'iterator', of, slots, state });
  const result = 'kind' in element ? element : structure(element.struct, { trust: element.trust });
  return {
    [`bpf_iter_${of}_new`]: {
      ...every,
      ...construct,
      args: [at('uninit'), ...(construct.args ?? [])],
      iterator: 'new',
    },
    [`bpf_iter_${of}_next`]: { ...every, args: [at('active')], result, iterator: 'next' },
    [`bpf_iter_${of}_destroy`]: { ...every, args: [at('active')], result: nothing, iterator: 'destroy' },
  };
}

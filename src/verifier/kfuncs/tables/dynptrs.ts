import type { KfuncTable } from '../types.ts';
import * as v from '../vocabulary.ts';

/** A slice may be handed out in place, or be the copy in the buffer. */
const slice = (readOnly: boolean): KfuncTable[string] => ({
  args: [v.dynptr, v.scalar, v.memoryOrNull, v.constSize],
  result: { kind: 'dynptrSlice', readOnly, nullable: true },
  ...(readOnly ? {} : { checks: 'of an skb: programs that may write to packets alone' }),
});
const unsafeRead: KfuncTable[string] = { args: [v.dynptr, v.scalar, v.scalar, v.ignored] };

export const DYNPTRS: KfuncTable = {
  bpf_dynptr_slice: slice(true),
  bpf_dynptr_slice_rdwr: slice(false),
  bpf_dynptr_adjust: { args: [v.dynptr, v.scalar, v.scalar] },
  bpf_dynptr_is_null: { args: [v.dynptr], result: v.bool },
  bpf_dynptr_is_rdonly: { args: [v.dynptr], result: v.bool },
  bpf_dynptr_size: { args: [v.dynptr], result: v.u32 },
  bpf_dynptr_clone: { args: [v.dynptr, v.newDynptr('clone')] },
  bpf_dynptr_copy: { args: [v.dynptr, v.scalar, v.dynptr, v.scalar, v.scalar] },
  bpf_dynptr_memset: { args: [v.dynptr, v.scalar, v.scalar, v.scalar] },

  bpf_probe_read_user_dynptr: unsafeRead,
  bpf_probe_read_kernel_dynptr: unsafeRead,
  bpf_probe_read_user_str_dynptr: unsafeRead,
  bpf_probe_read_kernel_str_dynptr: unsafeRead,
  bpf_copy_from_user_dynptr: { ...unsafeRead, sleepable: true },
  bpf_copy_from_user_str_dynptr: { ...unsafeRead, sleepable: true },
  bpf_copy_from_user_task_dynptr: {
    args: [v.dynptr, v.scalar, v.scalar, v.ignored, v.btf('task_struct')],
    trust: 'trusted',
    sleepable: true,
  },
  bpf_copy_from_user_task_str_dynptr: {
    args: [v.dynptr, v.scalar, v.scalar, v.ignored, v.btf('task_struct')],
    trust: 'trusted',
    sleepable: true,
  },
};

export const SKB_DYNPTRS: KfuncTable = {
  bpf_dynptr_from_skb: { args: [v.skb, v.scalar, v.newDynptr('skb')], trust: 'trusted' },
};
export const SKB_META_DYNPTRS: KfuncTable = {
  bpf_dynptr_from_skb_meta: { args: [v.skb, v.scalar, v.newDynptr('skbMeta')], trust: 'trusted' },
};

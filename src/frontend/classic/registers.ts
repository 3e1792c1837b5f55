/** Where the machine of classic BPF is in eBPF's (bpf_convert_filter in net/core/filter.c). */

/** The accumulator: what loads from the packet and calls give, and what is returned. */
export const REG_A = 0;
/** The index register; calls leave it alone. */
export const REG_X = 7;
/** The context, where loads from the packet expect it. */
export const REG_CONTEXT = 6;
/** Free between two instructions. */
export const REG_SCRATCH = 2;
export const REG_FRAME = 10;

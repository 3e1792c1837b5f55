import { ANY_WIDTH, contextOfFields, doubleWords, field, pointer } from '../fields.ts';
import type { Context, Widths } from '../types.ts';

/** Registers of struct pt_regs of x86-64 in its order, 8 bytes each. */
const REGISTERS = 'r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss';
const REGISTERS_SIZE = 168;

const registers = (read: Widths) => doubleWords(0, read, REGISTERS);

/** struct pt_regs (kprobe_prog_is_valid_access of kernel/trace/bpf_trace.c). */
export const kprobe: Context = contextOfFields('pt_regs', REGISTERS_SIZE, registers(ANY_WIDTH));

/** struct bpf_perf_event_data (pe_prog_is_valid_access). */
export const perfEvent: Context = contextOfFields('bpf_perf_event_data', 184, [
  ...registers(8),
  ...doubleWords(REGISTERS_SIZE, ANY_WIDTH, 'sample_period addr'),
]);

/** PERF_MAX_TRACE_SIZE. */
const LARGEST_RECORD = 8192;

/**
 * The event's record: the kernel hides its first 8 bytes, and checks the end of the record's real size when the
 * program is attached (tp_prog_is_valid_access).
 */
export const tracepoint: Context = contextOfFields('trace_event', LARGEST_RECORD, [
  field('record', 8, LARGEST_RECORD - 8, ANY_WIDTH),
]);

/** struct bpf_raw_tracepoint_args: at most 12 arguments (MAX_BPF_FUNC_ARGS; raw_tp_prog_is_valid_access). */
const RAW_ARGUMENTS = 'bpf_raw_tracepoint_args';
const RAW_ARGUMENTS_SIZE = 96;
export const rawTracepoint: Context = contextOfFields(RAW_ARGUMENTS, RAW_ARGUMENTS_SIZE, [
  field('args', 0, RAW_ARGUMENTS_SIZE, ANY_WIDTH),
]);
export const rawTracepointWritable: Context = contextOfFields(RAW_ARGUMENTS, RAW_ARGUMENTS_SIZE, [
  pointer('args', 0, { kind: 'tracepointBuffer' }),
  // From the second byte on: the kernel asks for the buffer at offset 0 alone.
  field('args', 1, RAW_ARGUMENTS_SIZE - 1, ANY_WIDTH),
]);

/** Largest context of BPF_PROG_TEST_RUN (U16_MAX; syscall_prog_is_valid_access of kernel/bpf/syscall.c). */
const LARGEST_ARGUMENT = 65_535;

/** What the caller hands over: its real size is checked when the program is run. */
export const syscall: Context = contextOfFields('syscall_args', LARGEST_ARGUMENT, [
  { ...field('args', 0, LARGEST_ARGUMENT, ANY_WIDTH), write: ANY_WIDTH },
]);

/** The raw signal (lirc_mode2_is_valid_access of drivers/media/rc/bpf-lirc.c). */
export const lircMode2: Context = contextOfFields('lirc_mode2', 4, [field('sample', 0, 4)]);

const trusted = (struct: string) => ({ kind: 'btf', struct, nullable: false, trusted: true }) as const;

/** struct bpf_nf_ctx (nf_is_valid_access of net/netfilter/nf_bpf_link.c). */
export const netfilter: Context = contextOfFields('bpf_nf_ctx', 16, [
  pointer('state', 0, trusted('nf_hook_state')),
  pointer('skb', 8, trusted('sk_buff')),
]);

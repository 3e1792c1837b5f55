/** The stage of a program's way (see README, "How it works") in which an error arose. */
export type Stage =
  | 'isa'
  | 'frontend'
  | 'verifier'
  | 'jit'
  | 'interp'
  | 'runtime'
  | 'capture'
  | 'bpf'
  | 'cli';

/** What went wrong, as a literal a program can switch on. */
export type ErrorCode =
  | 'bad-argument' // a caller's value is of the wrong kind, size or range
  | 'bad-assembly' // assembly text that does not parse
  | 'bad-btf' // .BTF or .BTF.ext bytes that break the format
  | 'bad-capture' // a pcap or pcapng file that breaks the format
  | 'bad-elf' // an object file that is truncated, corrupt or not eBPF
  | 'bad-hex' // text that is not hexadecimal
  | 'bad-instruction' // an encoding the instruction set does not have
  | 'bad-map' // a map definition or a map operation with wrong sizes
  | 'bad-program' // a program that fails the structural checks
  | 'bad-relocation' // a relocation that cannot be applied
  | 'closed' // use after disposal
  | 'file' // a file that cannot be read or written
  | 'link' // objects that do not fit together
  | 'map-operation' // a map operation refused with a kernel error number (see `errno`)
  | 'missing-helper' // a helper webpf does not have (yet)
  | 'not-found' // a program, map or symbol of that name does not exist
  | 'out-of-memory' // linear memory is exhausted
  | 'rejected' // a program the verifier does not accept; the error's cause is the Rejection
  | 'syscall' // a bpf() command refused with a kernel error number (see `errno`)
  | 'trap' // a program was stopped at run time (see Trap)
  | 'unsupported'; // valid eBPF that webpf cannot carry (yet)

/** A line of C (or assembly) source, from BTF line information or from assembly text. */
export interface SourceLine {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based; 0 when unknown. */
  readonly column: number;
  /** The text of the line, '' when the object does not carry it. */
  readonly text: string;
}

export interface ErrorDetails {
  readonly stage: Stage;
  /** Slot index (8-byte units) of the instruction concerned, in the program as linked. */
  readonly insn?: number | undefined;
  readonly source?: SourceLine | undefined;
  /** Name of the program, map or file concerned. */
  readonly subject?: string | undefined;
  /** Linux error number (positive) for refused map operations and bpf() commands. */
  readonly errno?: number | undefined;
  readonly cause?: unknown;
}

/** The one error class of webpf: every message says what was wrong, where, and what would be right. */
export class WebpfError extends Error {
  override readonly name = 'WebpfError';
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly insn: number | undefined;
  readonly source: SourceLine | undefined;
  readonly subject: string | undefined;
  readonly errno: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.stage = details.stage;
    this.insn = details.insn;
    this.source = details.source;
    this.subject = details.subject;
    this.errno = details.errno;
  }
}

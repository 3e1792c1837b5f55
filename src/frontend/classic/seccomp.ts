/** What filters of system calls are given: struct seccomp_data (include/uapi/linux/seccomp.h). */

export const SECCOMP_DATA_SIZE = 64;
const ARCH = 4;
const INSTRUCTION_POINTER = 8;
const ARGS = 16;
const ARG_BYTES = 8;
const MAX_ARGS = 6;

/** A system call as a filter sees it. */
export interface SystemCall {
  readonly nr: number;
  /** AUDIT_ARCH_*; AUDIT_ARCH_X86_64 by default. */
  readonly arch?: number;
  /** Where in the process it was called from. Default 0. */
  readonly instructionPointer?: bigint;
  /** At most six, 64 bits each; 0 where left out. */
  readonly args?: readonly bigint[];
}

const AUDIT_ARCH_X86_64 = 0xc000003e;

/**
 * The memory that a seccomp filter is run with: `program.run(seccompData({ nr: 59 })).verdict`.
 *
 * @returns 64 bytes, little-endian
 * @throws RangeError for more than six arguments
 */
export function seccompData({
  nr,
  arch = AUDIT_ARCH_X86_64,
  instructionPointer = 0n,
  args = [],
}: SystemCall): Uint8Array {
  if (args.length > MAX_ARGS)
    throw new RangeError(`a system call has at most ${MAX_ARGS} arguments, not ${args.length}`);
  const data = new Uint8Array(SECCOMP_DATA_SIZE);
  const view = new DataView(data.buffer);
  view.setInt32(0, nr, true);
  view.setUint32(ARCH, arch, true);
  view.setBigUint64(INSTRUCTION_POINTER, BigInt.asUintN(64, instructionPointer), true);
  args.forEach((arg, index) => {
    view.setBigUint64(ARGS + index * ARG_BYTES, BigInt.asUintN(64, arg), true);
  });
  return data;
}

import { CTX_MEMORY, MAP_TYPE, PROG_CTX_KIND, RUN_CTX, RUN_PC, RUN_PROG, RUN_SANDBOX } from '../../src/abi/layout';
import { TRAP_BAD_ARGUMENT } from '../../src/abi/traps';
import { owe, spend } from '../run/budget';
import { argument, mapArgument } from '../run/sandbox';
import { run } from '../run/state';
import { trap } from '../run/trap';

// What helpers take. A value that the kernel's verifier would have kept from the helper ends the run.

/** BPF_MAX_VAR_SIZ: the verifier lets no larger size through. */
const SIZE_MAX: u64 = 1 << 29;

export function refuse(value: u64): void {
  trap(TRAP_BAD_ARGUMENT, load<u32>(run, RUN_PC), value);
}

/** r0 for 0 or a negative error number. */
export function errno(error: i32): u64 {
  return error as i64;
}

/** Bytes that a helper handles for one instruction of a sandboxed program's budget; less than a KiB is free. */
const BYTES_PER_INSN: u32 = 64;
const FREE_BYTES: u32 = 1024;
/** The same for text, which is looked at a character at a time; none is free. */
export const CHARS_PER_INSN: u32 = 8;

/** Makes a sandboxed program pay for helpers whose work grows with their arguments: else no budget would bound it. */
export function charge(bytes: u32): void {
  if (bytes > FREE_BYTES && load<u32>(run, RUN_SANDBOX))
    spend(bytes / BYTES_PER_INSN, load<u32>(run, RUN_PC));
}

/** `size` bytes to read (`write` 0) or to write (1). */
export function memoryArgument(address: u64, size: u64, write: u32): u32 {
  if (size >= SIZE_MAX) refuse(size);
  charge(size as u32);
  return argument(address, size as u32, write);
}

export function typedMap(map: u64, type: u32): u32 {
  const address = mapArgument(map);
  if (load<u32>(address, MAP_TYPE) != type) refuse(map);
  return address;
}

export function contextKind(): u32 {
  return load<u32>(load<u32>(run, RUN_PROG), PROG_CTX_KIND);
}

/** The context of the run, for helpers that programs with a context of `kind` (CTX_*) may call. */
export function contextArgument(context: u64, kind: u32): void {
  if (context != (load<u32>(run, RUN_CTX) as u64) || contextKind() != kind) refuse(context);
}

/** The run's context, whatever it is: of plain memory nothing is asked. */
export function anyContextArgument(context: u64): void {
  const kind = contextKind();
  if (kind != CTX_MEMORY) contextArgument(context, kind);
}

/** A string that ends with a NUL or after `limit` bytes: every byte of it is the program's. Returns its length. */
export function stringLength(address: u64, limit: u32): u32 {
  const sandbox = load<u32>(run, RUN_SANDBOX) != 0;
  let length: u32 = 0;
  for (; length < limit; ++length) {
    if (sandbox) argument(address + length, 1, 0);
    if (load<u8>((address as u32) + length) == 0) break;
  }
  owe(length / CHARS_PER_INSN);
  return length;
}

/** What hooks of cgroups and sockets have beside their context, and what programs leave there. */
import * as packets from '../abi/packets.ts';
import * as abi from '../abi/tracing.ts';
import { badArgument, integer } from './argument.ts';
import type { LinearMemory } from './memory.ts';

/** A system setting that is read or written. */
export interface SysctlSetting {
  /** `net/ipv4/tcp_mem` */
  readonly name: string;
  /** Its value now. Default: not known (-EINVAL). */
  readonly value?: string;
  /** What is being written, where something is (member `write` of the context). */
  readonly newValue?: string;
}

export interface Hook {
  /** What the system call returns (bpf_get_retval): 0, or a negative error number. Default 0. */
  readonly retval?: number;
  readonly sysctl?: SysctlSetting;
}

export interface HookAfter {
  /** What the system call is to return (bpf_set_retval). */
  readonly retval: number;
  /** bpf_msg_apply_bytes; 0 where it was not called. */
  readonly applyBytes: number;
  /** bpf_msg_cork_bytes; 0 where it was not called. */
  readonly corkBytes: number;
  /** What is written instead (bpf_sysctl_set_new_value); undefined where the program has chosen nothing. */
  readonly newValue: string | undefined;
}

const TEXT_MAX = abi.SYSCTL_MAX - 1;
const I32_MIN = -0x8000_0000;
const I32_MAX = 0x7fff_ffff;

/** What every run of a hook begins with. */
export class HookTemplate {
  readonly #memory: LinearMemory;
  readonly #run: number;
  /** Room for three texts, 0 until a sysctl is given. */
  #texts = 0;

  /** @param run address of the run state */
  constructor(memory: LinearMemory, run: number) {
    this.#memory = memory;
    this.#run = run;
  }

  write({ retval = 0, sysctl }: Hook): void {
    const at = this.#run + abi.RUN_HOOK_TEMPLATE;
    this.#memory.bytes.fill(0, at, at + abi.HOOK_SIZE);
    this.#memory.setU32(at + abi.HOOK_RETVAL, integer('retval', retval, I32_MIN, I32_MAX) >>> 0);
    if (sysctl === undefined) return;
    const { name, value = '', newValue = '' } = sysctl;
    this.#writeText(0, abi.HOOK_SYSCTL_NAME, name);
    this.#writeText(1, abi.HOOK_SYSCTL_VALUE, value);
    this.#writeText(2, abi.HOOK_SYSCTL_NEW, newValue);
  }

  /** @param field of the template: the address, behind it the length */
  #writeText(index: number, field: number, text: string): void {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > TEXT_MAX)
      throw badArgument(`a text of a sysctl has ${bytes.length} bytes, but at most ${TEXT_MAX} are kept`);
    this.#texts ||= this.#memory.alloc(3 * abi.SYSCTL_MAX);
    const address = this.#texts + index * abi.SYSCTL_MAX;
    const at = this.#run + abi.RUN_HOOK_TEMPLATE + field;
    this.#memory.write(address, bytes);
    this.#memory.setU32(at, address);
    this.#memory.setU32(at + 4, bytes.length);
  }
}

/** What the last run has left; undefined where it has called none of these helpers. */
export function readHook(memory: LinearMemory, run: number): HookAfter | undefined {
  if (memory.u32(run + packets.RUN_REST_READY) !== abi.HOOK_READY) return undefined;
  const u32 = (field: number): number => memory.u32(run + abi.RUN_HOOK + field);
  const isChanged = u32(abi.HOOK_SYSCTL_CHANGED) !== 0;
  const value = isChanged
    ? memory.read(u32(abi.HOOK_SYSCTL_NEW), u32(abi.HOOK_SYSCTL_NEW_LENGTH))
    : undefined;
  return {
    retval: u32(abi.HOOK_RETVAL) | 0,
    applyBytes: u32(abi.HOOK_APPLY_BYTES),
    corkBytes: u32(abi.HOOK_CORK_BYTES),
    newValue: value && new TextDecoder().decode(value),
  };
}

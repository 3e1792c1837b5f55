import type { EngineFlags, Limit, ProgramOptions } from '../options.ts';

/** The flags of `webpf run`. */
export interface RunFlags extends EngineFlags, ProgramOptions {
  readonly data?: string;
  readonly capture?: string;
  readonly repeat: number;
  readonly write?: string;
  readonly maps: Limit;
  readonly printk: Limit;
  readonly json?: boolean;
}

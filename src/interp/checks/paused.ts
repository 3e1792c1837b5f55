/** The run that is paused between two instructions, as the checks see it. */
import * as layout from '../../abi/layout.ts';
import type { WasmMemory } from '../../abi/runtime.ts';

export class Paused {
  readonly run: number;
  readonly #memory: WasmMemory;
  #view: DataView;

  constructor(memory: WasmMemory, run: number) {
    this.#memory = memory;
    this.run = run;
    this.#view = new DataView(memory.buffer);
  }

  /** Taken anew when memory has grown. */
  get view(): DataView {
    if (this.#view.buffer !== this.#memory.buffer) this.#view = new DataView(this.#memory.buffer);
    return this.#view;
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  setU32(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }

  /** A field of the run state. */
  state(field: number): number {
    return this.view.getUint32(this.run + field, true);
  }

  register(number: number): bigint {
    return this.view.getBigUint64(this.run + layout.RUN_REGS + 8 * number, true);
  }

  setRegister(number: number, value: bigint): void {
    this.view.setBigUint64(this.run + layout.RUN_REGS + 8 * number, value, true);
  }

  get slot(): number {
    return this.state(layout.RUN_STEP_PC);
  }

  get depth(): number {
    return this.state(layout.RUN_STEP_DEPTH);
  }

  get program(): number {
    return this.state(layout.RUN_PROG);
  }

  get stackTop(): number {
    return this.state(layout.RUN_STACK_TOP);
  }

  /** While this is false, callbacks of helpers go through the runtime's table. */
  set interpreted(value: boolean) {
    this.setU32(this.run + layout.RUN_INTERPRETED, value ? 1 : 0);
  }
}

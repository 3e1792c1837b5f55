/** Callbacks of helpers in single steps: the run pauses at their first instruction, in a frame of their own. */
import * as layout from '../../abi/layout.ts';
import type { RuntimeExports } from '../../abi/runtime.ts';
import { INSN_SIZE } from '../opcodes.ts';
import * as win from '../window.ts';
import type { Paused } from './paused.ts';
import { MOST_CALLBACKS, Trampolines } from './trampolines.ts';

const FRAME_POINTER = 10;

/** Executes the callback that is paused at slot `start`, to its return. */
export type Through = (start: number, depth: number) => void;

export class Callbacks {
  readonly #table: RuntimeExports['table'];
  readonly #paused: Paused;
  readonly #through: Through;

  constructor({ table }: Pick<RuntimeExports, 'table'>, paused: Paused, through: Through) {
    this.#table = table;
    this.#paused = paused;
    this.#through = through;
  }

  /** Before a helper is called: from now on its callbacks are those of the running program, in single steps. */
  open(): void {
    const paused = this.#paused;
    const count = paused.u32(paused.program + layout.PROG_NFUNCS);
    if (count === 0) return;
    const trampolines = Trampolines.of(this.#table);
    const functions = paused.u32(paused.program + layout.PROG_FUNCS);
    for (let i = 0; i < Math.min(count, MOST_CALLBACKS); i++) {
      paused.setU32(functions + i * layout.FUNC_SIZE + layout.FUNC_TABLE_INDEX, trampolines.first + i);
    }
    trampolines.enter = (index, ...registers) => this.#enter(functions + index * layout.FUNC_SIZE, registers);
    paused.interpreted = false;
  }

  /** After it. */
  close(): void {
    this.#paused.interpreted = true;
  }

  #enter(func: number, registers: readonly bigint[]): bigint {
    const paused = this.#paused;
    const frame = Number(registers[5] ?? 0n);
    const depth = (paused.stackTop - frame) / layout.FRAME_SIZE;
    const start = paused.u32(func + layout.FUNC_PC);
    this.#openWindow(depth, frame, registers);
    this.#pauseAt(depth, start);
    paused.interpreted = true;
    this.#through(start, depth);
    paused.interpreted = false;
    return BigInt.asIntN(64, paused.register(0));
  }

  #window(depth: number): number {
    return this.#paused.run + layout.RUN_INTERP_FRAMES + depth * win.WINDOW_SIZE;
  }

  /** A window as assembly/interp/window.ts makes it. */
  #openWindow(depth: number, frame: number, registers: readonly bigint[]): void {
    const { view, program } = this.#paused;
    const window = this.#window(depth);
    for (let n = 0; n < FRAME_POINTER; n++) {
      const value = n >= 1 && n <= 5 ? (registers[n - 1] ?? 0n) : 0n;
      view.setBigUint64(window + 8 * n, BigInt.asUintN(64, value), true);
    }
    view.setBigUint64(window + 8 * FRAME_POINTER, BigInt(frame), true);
    view.setUint32(window + win.WINDOW_PROG, program, true);
    view.setUint32(window + win.WINDOW_LOOPS, win.MAY_GOTO_LOOPS, true);
    // The callback returns to where its caller goes on, which is not before the helper has: any address will do.
    view.setUint32(this.#window(depth - 1) + win.WINDOW_RETURN, this.#code(), true);
  }

  #code(): number {
    return this.#paused.u32(this.#paused.program + layout.PROG_CODE);
  }

  #pauseAt(depth: number, slot: number): void {
    const paused = this.#paused;
    const { view, run } = paused;
    const window = this.#window(depth);
    paused.setU32(run + win.RUN_PAUSED, window);
    paused.setU32(run + win.RUN_PAUSED_AT, this.#code() + slot * INSN_SIZE);
    paused.setU32(run + layout.RUN_STEP_PC, slot);
    paused.setU32(run + layout.RUN_STEP_DEPTH, depth);
    for (let n = 0; n <= FRAME_POINTER; n++) {
      view.setBigUint64(run + layout.RUN_REGS + 8 * n, view.getBigUint64(window + 8 * n, true), true);
    }
  }
}

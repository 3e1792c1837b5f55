/**
 * Numbers in place of what no program that passed the verifier can read: a program that reads it nevertheless goes
 * astray, where zeros might have been what it expected.
 */
import * as layout from '../../abi/layout.ts';
import type { Paused } from './paused.ts';

const FIRST_SAVED = 6;
const FRAME_POINTER = 10;
/** r1 to r5: what a call of a function of the program hands over. */
export const ALL_ARGUMENTS = 5;

export class Poison {
  readonly #paused: Paused;
  #last = 0x9e37_79b9_7f4a_7c15n;

  constructor(paused: Paused) {
    this.#paused = paused;
  }

  /** A run begins: nothing is there but the context and the frame pointer. */
  begin(): void {
    const { view } = this.#paused;
    const isMemory = this.#paused.u32(this.#paused.program + layout.PROG_CTX_KIND) === layout.CTX_MEMORY;
    this.#registers(0, 1);
    this.#registers(isMemory ? 3 : 2, FRAME_POINTER);
    const from = this.#paused.state(layout.RUN_STACK);
    const to = this.#paused.state(layout.RUN_STACK_TOP);
    const word = this.#next();
    for (let at = from; at < to; at += 8) view.setBigUint64(at, word, true);
  }

  /** A function begins, with this many arguments. */
  entered(args: number): void {
    this.#registers(0, 1);
    this.#registers(args + 1, FIRST_SAVED);
    this.#registers(FIRST_SAVED, FRAME_POINTER);
  }

  /** A call has returned: r1 to r5 are used up. */
  called(): void {
    this.#registers(1, ALL_ARGUMENTS + 1);
  }

  #registers(from: number, to: number): void {
    for (let register = from; register < to; register++) this.#paused.setRegister(register, this.#next());
  }

  /** xorshift64 */
  #next(): bigint {
    let x = this.#last;
    x = BigInt.asUintN(64, x ^ (x << 13n));
    x ^= x >> 7n;
    x = BigInt.asUintN(64, x ^ (x << 17n));
    this.#last = x;
    return x;
  }
}

/** Wakes everyone who waits for events after a run. Costs one comparison when nobody waits. */
export class Signal {
  #waiting: (() => void)[] = [];
  readonly #closing = new AbortController();
  /** Asked before every run: the signal's own answer takes longer. */
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** Aborted at close(). */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves at the next notify() or close(). */
  wait(): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  notify(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  close(): void {
    this.#closed = true;
    this.#closing.abort();
    this.notify();
  }
}

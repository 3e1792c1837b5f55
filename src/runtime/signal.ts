/** Wakes everyone who waits for events after a run. Costs one comparison when nobody waits. */
export class Signal {
  #waiting: (() => void)[] = [];
  readonly #closing = new AbortController();

  get closed(): boolean {
    return this.#closing.signal.aborted;
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
    this.#closing.abort();
    this.notify();
  }
}

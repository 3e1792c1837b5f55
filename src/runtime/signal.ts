/** Wakes everyone who waits for events after a run. Costs one comparison when nobody waits. */
export class Signal {
  readonly #interval: number | undefined;
  #waiting: (() => void)[] = [];
  readonly #closing = new AbortController();
  /** Asked before every run: the signal's own answer takes longer. */
  #closed = false;

  /** @param interval ms after which those who wait are woken anyhow, where events come from other threads as well */
  constructor(interval?: number) {
    this.#interval = interval;
  }

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
      // Not for the sake of a process that has nothing else to do: it ends, as it does in an engine of one thread.
      if (this.#interval !== undefined) setTimeout(() => this.notify(), this.#interval).unref();
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

const MOST = 32;
const BYTES = 64 * 1024;
const HEAD = 4;

/** The first events that a program is given, in memory that both threads see: what its translation is warmed with. */
export class Samples {
  readonly buffer: SharedArrayBuffer;
  readonly #count: Int32Array;
  readonly #view: DataView;
  #end = HEAD;

  constructor(buffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer;
    this.#count = new Int32Array(buffer, 0, 1);
    this.#view = new DataView(buffer);
  }

  get isFull(): boolean {
    return Atomics.load(this.#count, 0) >= MOST;
  }

  /** Takes a copy, unless there are enough or it is too long. */
  add(event: Uint8Array): void {
    if (this.isFull || this.#end + HEAD + event.length > this.buffer.byteLength) return;
    this.#view.setUint32(this.#end, event.length, true);
    new Uint8Array(this.buffer, this.#end + HEAD).set(event);
    this.#end += HEAD + event.length;
    // Last: the other thread reads as many as this says.
    Atomics.add(this.#count, 0, 1);
  }

  /** Copies. */
  read(): Uint8Array[] {
    let at = HEAD;
    return Array.from({ length: Atomics.load(this.#count, 0) }, () => {
      const length = this.#view.getUint32(at, true);
      const event = new Uint8Array(this.buffer, at + HEAD, length).slice();
      at += HEAD + length;
      return event;
    });
  }
}

import type { BatchResult, CaptureBatch, Trap, TrapKind } from '../../index.ts';

/** Traps of one kind, with the first of them. */
export interface TrapCount {
  readonly kind: TrapKind;
  readonly count: number;
  readonly first: Trap;
  /** Number of the first packet that trapped so, from 0. */
  readonly packet: number;
}

/** What came out of a capture, added up. */
export class Tally {
  packets = 0;
  bytes = 0;
  elapsedNs = 0;
  readonly verdicts = new Map<string, number>();
  readonly #traps = new Map<TrapKind, TrapCount>();

  add({ packets }: CaptureBatch, { verdicts, traps, elapsedNs }: BatchResult): void {
    for (const trap of traps) this.#trap(trap, this.packets + trap.index);
    for (const [name, count] of verdicts) this.verdicts.set(name, (this.verdicts.get(name) ?? 0) + count);
    for (const { data } of packets) this.bytes += data.length;
    this.packets += packets.length;
    this.elapsedNs += elapsedNs;
  }

  get traps(): readonly TrapCount[] {
    return [...this.#traps.values()];
  }

  get nsPerPacket(): number {
    return this.packets === 0 ? 0 : this.elapsedNs / this.packets;
  }

  get packetsPerSecond(): number {
    return this.elapsedNs === 0 ? 0 : (this.packets * 1e9) / this.elapsedNs;
  }

  #trap(trap: Trap, packet: number): void {
    const { kind } = trap;
    const known = this.#traps.get(kind) ?? { kind, count: 0, first: trap, packet };
    this.#traps.set(kind, { ...known, count: known.count + 1 });
  }
}

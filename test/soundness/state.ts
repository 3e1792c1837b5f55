import { type Held, join, NONE, type Num, type Pointer } from './held.ts';

export const REGISTERS = 10;
/** 8-byte slots of a frame that generated functions use, slot 0 at r10 - 8. */
export const SLOTS = 16;

/** What the generator believes at a place of a function. */
export class State {
  regs: Held[];
  slots: Held[];
  /** Bytes that were compared with the packet's end, by packet id. */
  rooms: Map<number, number>;
  /** Ids of ring records to give back. */
  owed: number[];
  /** Nothing comes here. */
  dead = false;

  constructor(regs: Held[], slots: Held[], rooms: Map<number, number>, owed: number[]) {
    this.regs = regs;
    this.slots = slots;
    this.rooms = rooms;
    this.owed = owed;
  }

  static empty(): State {
    const none = (length: number): Held[] => Array.from({ length }, () => NONE);
    return new State(none(REGISTERS), none(SLOTS), new Map(), []);
  }

  clone(): State {
    const copy = new State([...this.regs], [...this.slots], new Map(this.rooms), [...this.owed]);
    copy.dead = this.dead;
    return copy;
  }

  /** What holds after two ways have met. */
  join(other: State, fresh: () => number): State {
    if (this.dead) return other;
    if (other.dead) return this;
    const both = (a: readonly Held[], b: readonly Held[]) =>
      a.map((held, i) => join(held, b[i] ?? NONE, fresh));
    const rooms = new Map<number, number>();
    for (const [id, room] of this.rooms) rooms.set(id, Math.min(room, other.rooms.get(id) ?? 0));
    const owed = this.owed.filter((id) => other.owed.includes(id));
    return new State(both(this.regs, other.regs), both(this.slots, other.slots), rooms, owed);
  }

  /** Changes every copy of a pointer. */
  everywhere(id: number, change: (held: Pointer) => Held): void {
    const one = (held: Held): Held => (held.kind === 'ptr' && held.id === id ? change(held) : held);
    this.regs = this.regs.map(one);
    this.slots = this.slots.map(one);
  }

  /** Forgets all copies of what `lost` picks. */
  forget(lost: (held: Held) => boolean): void {
    const one = (held: Held): Held => (lost(held) ? NONE : held);
    this.regs = this.regs.map(one);
    this.slots = this.slots.map(one);
  }

  num(register: number): Num | undefined {
    const held = this.regs[register];
    return held?.kind === 'num' ? held : undefined;
  }
}

/** What the generator believes a register to hold, as a compiler would: it is wrong only where it wants to be. */

/** Nothing that may be read. */
export interface Nothing {
  readonly kind: 'none';
}
export interface Num {
  readonly kind: 'num';
  /** Greatest value, unsigned; undefined when nothing is known. */
  readonly max: number | undefined;
  /** One value, known when the program is verified: comparing it decides nothing. */
  readonly constant?: true;
}
export interface Context {
  readonly kind: 'ctx';
}
export interface PacketEnd {
  readonly kind: 'end';
}
/** Bytes from the packet's position with this id. */
export interface Packet {
  readonly kind: 'pkt';
  readonly id: number;
  readonly off: number;
}
/** Memory of a known size. */
export interface Region {
  readonly name: 'value' | 'record' | 'frame' | 'outer' | 'key';
  readonly size: number;
  readonly writable: boolean;
  /** Of values. */
  readonly map: number;
}
/** Somewhere from `lo` to `hi` bytes into a region; of the own frame counted from r10 (negative). */
export interface Pointer {
  readonly kind: 'ptr';
  readonly to: Region;
  readonly lo: number;
  readonly hi: number;
  readonly id: number;
  readonly nullable: boolean;
}

export type Held = Nothing | Num | Context | PacketEnd | Packet | Pointer;

export const NONE: Nothing = { kind: 'none' };
export const UNKNOWN: Num = { kind: 'num', max: undefined };
export const num = (max: number | undefined): Num => ({ kind: 'num', max });
export const known = (imm: number): Num => ({ kind: 'num', max: imm >= 0 ? imm : undefined, constant: true });

/** Whole numbers beyond are not kept. */
const LARGEST = 2 ** 52;
export const bounded = (max: number): number | undefined => (max <= LARGEST && max >= 0 ? max : undefined);

const widest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : Math.max(a, b);

function joinPointers(a: Pointer, b: Pointer, fresh: () => number): Held {
  if (a.to.name !== b.to.name || a.to.map !== b.to.map || a.to.size !== b.to.size) return NONE;
  return {
    ...a,
    lo: Math.min(a.lo, b.lo),
    hi: Math.max(a.hi, b.hi),
    nullable: a.nullable || b.nullable,
    id: a.id === b.id ? a.id : fresh(),
  };
}

/** What holds whichever way a run came. */
export function join(a: Held, b: Held, fresh: () => number): Held {
  if (a.kind === 'num' && b.kind === 'num') return num(widest(a.max, b.max));
  if (a.kind === 'ptr' && b.kind === 'ptr') return joinPointers(a, b, fresh);
  if (a.kind === 'pkt' && b.kind === 'pkt') return a.id === b.id && a.off === b.off ? a : NONE;
  return a.kind === b.kind ? a : NONE;
}

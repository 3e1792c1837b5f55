/** BTF for the values of maps, by hand: just enough types for locks, timers, kernel pointers and local storage. */

const u32s = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);
const kind = (number: number, members = 0): number => (number << 24) | members;

const NAMES = [
  'int',
  'bpf_spin_lock',
  'val',
  'u64',
  'bpf_timer',
  'opaque',
  'task_struct',
  'kptr',
  'value',
  'lock',
];
const strings = `\0${[...NAMES, 'timer', 'task'].join('\0')}\0`;
const name = (text: string): number => strings.indexOf(`\0${text}\0`) + 1;

const INT = kind(1);
const PTR = kind(2);
const ARRAY = kind(3);
const STRUCT = 4;
const TYPE_TAG = kind(18);
const SIGNED = 1 << 24;

/** Ids in `MAP_BTF`. */
export const INT_TYPE = 1;
export const SPECIAL_VALUE_TYPE = 9;

/** Layout of the value with a lock, a timer and a `__kptr` to a task (bytes). */
export const SPECIAL_VALUE = { size: 32, lock: 0, timer: 8, kptr: 24 } as const;

const TYPES = u32s(
  ...[name('int'), INT, 4, SIGNED | 32],
  ...[name('bpf_spin_lock'), kind(STRUCT, 1), 4, name('val'), 1, 0],
  ...[name('u64'), INT, 8, 64],
  ...[0, ARRAY, 0, 3, 1, 2],
  ...[name('bpf_timer'), kind(STRUCT, 1), 16, name('opaque'), 4, 0],
  ...[name('task_struct'), kind(STRUCT, 1), 4, name('val'), 1, 0],
  ...[name('kptr'), TYPE_TAG, 6],
  ...[0, PTR, 7],
  ...[name('value'), kind(STRUCT, 3), SPECIAL_VALUE.size],
  ...[name('lock'), 2, SPECIAL_VALUE.lock * 8],
  ...[name('timer'), 5, SPECIAL_VALUE.timer * 8],
  ...[name('task'), 8, SPECIAL_VALUE.kptr * 8],
);

const text = Buffer.from(strings);
export const MAP_BTF: Uint8Array = Buffer.concat([
  u32s(0x0001eb9f, 24, 0, TYPES.length, TYPES.length, text.length),
  TYPES,
  text,
]);

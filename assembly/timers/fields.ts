/** The fields of map values that lead to something later: MAP_LATER of the map's descriptor says where they are. */
import { LATER_KINDS, MAP_LATER, MAP_VALUES, MAP_VALUES_END, MAP_VALUE_STRIDE, RUN_SANDBOX } from '../../src/abi/layout';
import { refuse } from '../helpers/arguments';
import { argument } from '../run/sandbox';
import { run } from '../run/state';
import { lockLater, numberIn, removeLater, unlockLater } from './table';

/** struct bpf_timer, bpf_wq. */
const FIELD_SIZE: u32 = 16;

/** Offset of the field of a kind (LATER_*) in the map's values + 1; 0 when they have none. */
@inline
function offsetOf(map: u32, kind: u32): u32 {
  const offsets = load<u32>(map, MAP_LATER);
  return offsets ? load<u32>(offsets + kind * 4) : 0;
}

/** The value that a field is in, of a map that has such fields. */
export function valueOf(map: u32, field: u32, kind: u32): u32 {
  return field + 1 - offsetOf(map, kind);
}

/** A field that a program hands over. */
export function fieldArgument(address: u64): u32 {
  return argument(address, FIELD_SIZE, 1);
}

/** Ends the run of a program without a proof, unless the field is where the map has fields of its kind. */
export function checkField(map: u32, field: u32, kind: u32): void {
  if (load<u32>(run, RUN_SANDBOX) == 0) return;
  const offset = offsetOf(map, kind);
  const value = valueOf(map, field, kind);
  const start = load<u32>(map, MAP_VALUES);
  const isOne = offset != 0 && value >= start && value < load<u32>(map, MAP_VALUES_END);
  if (!isOne || (value - start) % load<u32>(map, MAP_VALUE_STRIDE) != 0) refuse(field);
}

/** The element at `value` goes, or is written anew: what it led to is over. */
export function dropFields(map: u32, value: u32): void {
  if (load<u32>(map, MAP_LATER) == 0) return;
  lockLater();
  for (let kind: u32 = 0; kind < <u32>LATER_KINDS; ++kind) {
    const offset = offsetOf(map, kind);
    if (offset == 0) continue;
    const field = value + offset - 1;
    const number = numberIn(field);
    if (number) removeLater(number);
    store<u64>(field, 0);
    store<u64>(field, 0, 8);
  }
  unlockLater();
}

/** Copies a value, except for such fields. */
export function copyAround(map: u32, to: u32, from: u32, size: u32): void {
  let at: u32 = 0;
  while (at < size) {
    const next = fieldFrom(map, at, size);
    memory.copy(to + at, from + at, next - at);
    at = next + FIELD_SIZE;
  }
}

/** Offset of the first field from `at` on, or `size`. */
function fieldFrom(map: u32, at: u32, size: u32): u32 {
  let first = size;
  for (let kind: u32 = 0; kind < <u32>LATER_KINDS; ++kind) {
    const offset = offsetOf(map, kind) - 1;
    if (offset >= at && offset < first) first = offset;
  }
  return first;
}

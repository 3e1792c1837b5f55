import {
  BYTE_SPILL,
  FLAG_NULL,
  FLAG_PACKET_SLICE,
  KIND_MASK,
  KIND_MEM,
  KIND_PACKET,
  KIND_PACKET_END,
  KIND_PACKET_META,
  KIND_SCALAR,
  REG_AUX,
  REG_AUX2,
  REG_ID,
  REG_OFF,
  REG_PRECISE,
  REG_REF,
  REG_TYPE,
} from '../../../src/abi/state';
import { setConst } from '../scalar';
import { bytesAt, frames, idOf, kindOf, refOf, registerAt, setNone, setUnknownScalar, slotAt, slotCount, typeOf } from './register';

// What is done to all registers of the current state, those spilled to the stack included.

/** Registers of a frame that change: r10 does not. */
const CHANGING: u32 = 10;

// No function pointers: those would need static memory. Each sweep has a number, and `visit` does what it says.
const MARK_NULL: u32 = 0;
const MARK_NOT_NULL: u32 = 1;
const WIDEN_PACKET: u32 = 2;
const FORGET_PACKET: u32 = 3;
const FORGET_REFERENCE: u32 = 4;
const FORGET_SLICE: u32 = 5;
const CLEAR_PRECISION: u32 = 6;

/** What the visits look for and put in its place. */
let wanted: u32 = 0;
let newType: u32 = 0;
let newAux: u32 = 0;
let newUid: u32 = 0;
let keepId: bool = false;
let mayLeak: bool = true;

function isWantedNullable(r: u32): bool {
  return idOf(r) == wanted && (typeOf(r) & FLAG_NULL) != 0;
}

function makeNull(r: u32): void {
  store<u32>(r, KIND_SCALAR, REG_TYPE);
  store<u32>(r, 0, REG_ID);
  store<u32>(r, 0, REG_REF);
  store<u32>(r, 0, REG_OFF);
  store<u32>(r, 0, REG_AUX);
  store<u32>(r, 0, REG_AUX2);
  setConst(r, 0);
}

function makeNotNull(r: u32): void {
  store<u32>(r, newType, REG_TYPE);
  store<u32>(r, newAux, REG_AUX);
  store<u32>(r, newUid, REG_AUX2);
  if (!keepId) store<u32>(r, 0, REG_ID);
}

function widenPacket(r: u32): void {
  if (typeOf(r) != newType || idOf(r) != wanted || load<i32>(r, REG_AUX) >= (newAux as i32)) return;
  store<u32>(r, newAux, REG_AUX);
}

/** Nothing is known of the register any more; where addresses are secret, it cannot even be read. */
function invalidate(r: u32): void {
  if (mayLeak) setUnknownScalar(r);
  else setNone(r);
}

function isPacket(r: u32): bool {
  const kind = kindOf(r);
  if (kind == KIND_PACKET || kind == KIND_PACKET_META || kind == KIND_PACKET_END) return true;
  return kind == KIND_MEM && (typeOf(r) & FLAG_PACKET_SLICE) != 0;
}

function isSlice(r: u32): bool {
  return (typeOf(r) & KIND_MASK) == KIND_MEM && load<u32>(r, REG_AUX2) == wanted;
}

function visit(what: u32, r: u32): void {
  switch (what) {
    case MARK_NULL:
      if (isWantedNullable(r)) makeNull(r);
      break;
    case MARK_NOT_NULL:
      if (isWantedNullable(r)) makeNotNull(r);
      break;
    case WIDEN_PACKET:
      widenPacket(r);
      break;
    case FORGET_PACKET:
      if (isPacket(r)) invalidate(r);
      break;
    case FORGET_REFERENCE:
      if (refOf(r) == wanted && kindOf(r) != KIND_SCALAR) invalidate(r);
      break;
    case FORGET_SLICE:
      if (isSlice(r)) invalidate(r);
      break;
    default:
      if (kindOf(r) == KIND_SCALAR) store<u32>(r, 0, REG_PRECISE);
      break;
  }
}

function sweepFrame(frame: u32, what: u32): void {
  for (let r: u32 = 0; r < CHANGING; r++) visit(what, registerAt(frame, r));
  const count = slotCount(frame);
  for (let s: u32 = 0; s < count; s++) {
    if (load<u8>(bytesAt(frame, s)) == BYTE_SPILL) visit(what, slotAt(frame, s));
  }
}

function sweep(what: u32): void {
  const count = frames();
  for (let f: u32 = 0; f < count; f++) sweepFrame(f, what);
}

/** The pointers of this id are NULL after all. */
export function markNull(id: u32): void {
  wanted = id;
  sweep(MARK_NULL);
}

/** The pointers of this id are not NULL: they become `type`, with `aux` and `uid` for what they point to. */
export function markNotNull(id: u32, type: u32, aux: u32, uid: u32, keep: u32): void {
  wanted = id;
  newType = type;
  newAux = aux;
  newUid = uid;
  keepId = keep != 0;
  sweep(MARK_NOT_NULL);
}

/** Packet pointers of this kind and id may be read up to `range` bytes from their base. */
export function widenPackets(id: u32, kind: u32, range: u32): void {
  wanted = id;
  newType = kind;
  newAux = range;
  sweep(WIDEN_PACKET);
}

/** The packet may have moved. */
export function forgetPackets(leaks: u32): void {
  mayLeak = leaks != 0;
  sweep(FORGET_PACKET);
}

/** The reference is given up: its pointers are of no use any more. */
export function forgetReference(reference: u32, leaks: u32): void {
  wanted = reference;
  mayLeak = leaks != 0;
  sweep(FORGET_REFERENCE);
}

/** The memory that a dynptr lent. */
export function forgetSlices(dynptr: u32, leaks: u32): void {
  wanted = dynptr;
  mayLeak = leaks != 0;
  sweep(FORGET_SLICE);
}

/** Forgets which scalars decisions depended on. */
export function clearPrecision(): void {
  sweep(CLEAR_PRECISION);
}

import { ALU_ADD } from '../../../src/abi/verifier';
import {
  BYTE_SPILL,
  ID_ADDED,
  KIND_SCALAR,
  LINK_SLOT,
  LINKS,
  MAX_LINKS,
  REG_ID,
  REG_OFF,
  REG_SIZE,
  SCRATCH,
} from '../../../src/abi/state';
import { alu } from '../alu';
import { setConst } from '../scalar';
import {
  bytesAt,
  copyRegister,
  frames,
  idOf,
  kindOf,
  offOf,
  registerAt,
  setUnknownScalar,
  slotAt,
  slotCount,
} from './register';

// Scalars that are copies of one another (or copies plus a constant) share an id: what a comparison tells of one holds
// for all. `collect_linked_regs` and `sync_linked_regs` of kernel/bpf/verifier.c.

const added: u32 = SCRATCH + REG_SIZE;

function isLinked(r: u32, id: u32): bool {
  return kindOf(r) == KIND_SCALAR && (idOf(r) & ~ID_ADDED) == id;
}

/** Notes the place; beyond MAX_LINKS the register leaves the company of its id. */
function note(frame: u32, place: u32, r: u32): void {
  const count = load<u32>(LINKS);
  if (count == MAX_LINKS) {
    store<u32>(r, 0, REG_ID);
    store<u32>(r, 0, REG_OFF);
    return;
  }
  store<u32>(LINKS + count * 8, frame, 4);
  store<u32>(LINKS + count * 8, place, 8);
  store<u32>(LINKS, count + 1);
}

function isNoted(frame: u32, place: u32): bool {
  const count = load<u32>(LINKS);
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(LINKS + i * 8, 4) == frame && load<u32>(LINKS + i * 8, 8) == place) return true;
  }
  return false;
}

function collectFrom(frame: u32, place: u32, r: u32, id: u32): void {
  if (isLinked(r, id) && !isNoted(frame, place)) note(frame, place, r);
}

/** Adds the places of all scalars with the register's id to LINKS, whose count the caller has cleared. */
export function collectLinks(r: u32): void {
  const id = idOf(r) & ~ID_ADDED;
  if (id == 0) return;
  const count = frames();
  for (let f: u32 = count; f > 0; f--) {
    const frame = f - 1;
    for (let n: u32 = 0; n < 10; n++) collectFrom(frame, n, registerAt(frame, n), id);
    const slots = slotCount(frame);
    for (let s: u32 = 0; s < slots; s++) {
      if (load<u8>(bytesAt(frame, s)) == BYTE_SPILL) collectFrom(frame, LINK_SLOT + s, slotAt(frame, s), id);
    }
  }
}

function follow(r: u32, known: u32): void {
  const apart = idOf(r) != idOf(known);
  if ((!apart && (idOf(r) & ID_ADDED) == 0) || offOf(r) == offOf(known)) {
    copyRegister(r, known);
    return;
  }
  const off = offOf(r);
  const id = idOf(r);
  setUnknownScalar(added);
  setConst(added, (off as i64) - (offOf(known) as i64));
  copyRegister(r, known);
  store<i32>(r, off, REG_OFF);
  store<u32>(r, id, REG_ID);
  alu(ALU_ADD, 64, r, added);
}

/** Tells the places in LINKS what is known of the register. */
export function syncLinks(known: u32): void {
  const id = idOf(known) & ~ID_ADDED;
  const count = load<u32>(LINKS);
  for (let i: u32 = 0; i < count; i++) {
    const frame = load<u32>(LINKS + i * 8, 4);
    const place = load<u32>(LINKS + i * 8, 8);
    const r = place < (LINK_SLOT as u32) ? registerAt(frame, place) : slotAt(frame, place - LINK_SLOT);
    if (r != known && isLinked(r, id)) follow(r, known);
  }
}

import { HDR_ALLOCATOR, HEADER, HEAP_START, WASM_PAGE } from '../../src/abi/layout';

// Runs of RUN_UNIT-byte pages. Below TOP runs are in use or in one address-ordered free list (first fit, merged
// with neighbours). From TOP on memory has never been used: it is zero, and is handed out untouched, so that a
// map for millions of elements costs only the pages it comes to write.

export const RUN_UNIT: u32 = 512;

const TOP: u32 = HEADER + HDR_ALLOCATOR + 4; // u32
const FREE: u32 = HEADER + HDR_ALLOCATOR + 8; // u32: first free run
/** A free run begins with the address of the next one and its size. */
const NEXT: u32 = 0;
const SIZE: u32 = 4;
/** The last unit is never given out, so that the end of every run fits in a u32. */
const LIMIT: u64 = 0x1_0000_0000 - (RUN_UNIT as u64);

export function initRuns(): void {
  store<u32>(TOP, HEAP_START);
  store<u32>(FREE, 0);
}

/** Makes memory reach to `end`. */
function reach(end: u64): bool {
  if (end > LIMIT) return false;
  const have = (memory.size() as u64) * WASM_PAGE;
  if (end <= have) return true;
  const pages = (end - have + WASM_PAGE - 1) / WASM_PAGE;
  return memory.grow(pages as i32) >= 0;
}

function bump(size: u32): u32 {
  const run = load<u32>(TOP);
  if (!reach((run as u64) + size)) return 0;
  store<u32>(TOP, run + size);
  return run;
}

/** Takes the last free run when it ends at TOP, with the missing bytes from beyond TOP. */
function extend(link: u32, run: u32, size: u32): u32 {
  const have = load<u32>(run, SIZE);
  if (run + have != load<u32>(TOP) || !reach((run as u64) + size)) return 0;
  store<u32>(link, 0);
  store<u32>(TOP, run + size);
  memory.fill(run, 0, have);
  return run;
}

/** Cuts the first `size` bytes off a free run, which `link` points at. */
function cut(link: u32, run: u32, size: u32): u32 {
  const rest = load<u32>(run, SIZE) - size;
  const next = load<u32>(run, NEXT);
  if (rest) {
    store<u32>(run + size, next, NEXT);
    store<u32>(run + size, rest, SIZE);
  }
  store<u32>(link, rest ? run + size : next);
  return run;
}

/** `size` is a multiple of RUN_UNIT. Zeroed, unless `dirty` will do. 0 when memory is exhausted. */
export function takeRun(size: u32, dirty: bool): u32 {
  let link = FREE;
  let last = FREE;
  for (let run = load<u32>(link); run; link = run + NEXT, run = load<u32>(link)) {
    if (load<u32>(run, SIZE) >= size) {
      cut(link, run, size);
      if (!dirty) memory.fill(run, 0, size);
      return run;
    }
    last = link;
  }
  const extended = load<u32>(last) ? extend(last, load<u32>(last), size) : 0;
  return extended ? extended : bump(size);
}

function absorbNext(run: u32): void {
  const next = load<u32>(run, NEXT);
  if (next == 0 || run + load<u32>(run, SIZE) != next) return;
  store<u32>(run, load<u32>(run, SIZE) + load<u32>(next, SIZE), SIZE);
  store<u32>(run, load<u32>(next, NEXT), NEXT);
}

export function giveRun(run: u32, size: u32): void {
  let before: u32 = 0;
  let after = load<u32>(FREE);
  while (after && after < run) {
    before = after;
    after = load<u32>(after, NEXT);
  }
  store<u32>(run, after, NEXT);
  store<u32>(run, size, SIZE);
  store<u32>(before ? before + NEXT : FREE, run);
  absorbNext(run);
  if (before) absorbNext(before);
}

// What the compiled domain and the abstract state export: see src/verifier/domain.ts and src/verifier/state/memory.ts,
// which describe them. Nothing is done here.

export { alu, aluImm, neg } from './alu';
export { branchTaken, branchTakenImm } from './branch';
export { endian, signExtend, zeroExtend } from './extend';
export { join, meet } from './lattice';
export { refine, refineImm } from './refine';
export { contains, copy, equal, setConst, setUnknown, within } from './scalar';
export { covered } from './state/compare';
export { allocate, heapUsed, resetHeap } from './state/heap';
export { matchIds } from './state/ids';
export { collectLinks, syncLinks } from './state/links';
export {
  clean,
  clearWritten,
  inheritReads,
  inheritReadsPacked,
  markSlotRead,
  markSlotWritten,
  markSlotZero,
} from './state/liveness';
export { sminOf, smaxOf, smin32Of, smax32Of, umax32Of, umaxOf, uminOf, widthOf } from './state/numbers';
export { drop, restore, save, setAllLive } from './state/pack';
export { clearWanted, requireAllPrecise, requirePrecise, wantPreciseOf } from './state/precise';
export { copyRegister, setNone, setUnknownScalar } from './state/register';
export {
  clearPrecision,
  forgetPackets,
  forgetReference,
  forgetSlices,
  markNotNull,
  markNull,
  widenPackets,
} from './state/sweep';
export { joinScalars } from './state/values';
export { iteratorDepthsDiffer, widenFrom } from './state/widen';
export { sync } from './sync';

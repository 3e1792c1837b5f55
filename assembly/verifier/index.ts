// What the compiled domain exports: see src/verifier/domain.ts, which describes it. Nothing is done here.

export { alu, aluImm, neg } from './alu';
export { branchTaken, branchTakenImm } from './branch';
export { endian, signExtend, zeroExtend } from './extend';
export { join, meet } from './lattice';
export { refine, refineImm } from './refine';
export { contains, copy, equal, setConst, setUnknown, within } from './scalar';
export { sync } from './sync';

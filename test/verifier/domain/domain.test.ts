import { expect, test } from 'vitest';
import { WebpfError } from '../../../src/errors.ts';
import { ALU_NUMBER, Domain, JUMP_NUMBER } from '../../../src/verifier/domain.ts';
import { formatScalar, type Scalar, UNKNOWN } from '../../../src/verifier/scalar.ts';

const domain = await Domain.open();
const { ops } = domain;
const a = domain.at(0);
const b = domain.at(1);
const put = (address: number, scalar: Partial<Scalar>): void => {
  domain.write(address, { ...UNKNOWN, ...scalar });
  expect(ops.sync(address)).toBe(1);
};
const shown = (address: number): string => formatScalar(domain.read(address));

test('an instance has a memory of its own', async () => {
  const other = await Domain.open();
  other.ops.setConst(a, 1n);
  ops.setConst(a, 2n);
  expect([formatScalar(other.read(a)), shown(a)]).toEqual(['1', '2']);
});

test.each([-1, 0.5, Number.NaN, 1e9])('there is no scalar %d', (index) => {
  expect(() => domain.at(index)).toThrow(WebpfError);
});

test('what is written is read again', () => {
  const scalar: Scalar = {
    value: 0x8000_0000_0000_0001n,
    mask: 0xf0n,
    umin: 1n,
    umax: (1n << 64n) - 2n,
    smin: -(1n << 63n),
    smax: -5n,
    u32min: 3n,
    u32max: 0xffff_fff0n,
    s32min: -0x8000_0000n,
    s32max: 7n,
  };
  domain.write(a, scalar);
  expect(domain.read(a)).toEqual(scalar);
});

test('a scalar with parts that contradict each other has no value', () => {
  domain.write(a, { ...UNKNOWN, umax: 3n, smin: 4n });
  expect(ops.sync(a)).toBe(0);
  domain.write(a, { ...UNKNOWN, value: 1n, mask: ~1n & UNKNOWN.mask, umin: 2n, umax: 2n });
  expect(ops.sync(a)).toBe(0);
});

test('an index is bounded by its mask, and its product by both factors', () => {
  ops.setUnknown(a);
  ops.aluImm(ALU_NUMBER.and, 64, a, 15);
  expect(shown(a)).toBe('scalar(smin=smin32=0,smax=umax=smax32=umax32=15,var_off=(0x0; 0xf))');
  ops.aluImm(ALU_NUMBER.mul, 64, a, 8);
  expect(shown(a)).toBe('scalar(smin=smin32=0,smax=umax=smax32=umax32=120,var_off=(0x0; 0x78))');
});

test('more than the kernel keeps: quotients, remainders, shifts by a variable', () => {
  ops.setUnknown(a);
  ops.aluImm(ALU_NUMBER.mod, 64, a, 10);
  expect(domain.read(a)).toMatchObject({ umin: 0n, umax: 9n });
  ops.aluImm(ALU_NUMBER.div, 64, a, 3);
  expect(domain.read(a)).toMatchObject({ umin: 0n, umax: 3n });
  put(a, { umax: 7n });
  ops.setConst(b, 1n);
  ops.alu(ALU_NUMBER.lsh, 64, b, a);
  expect(domain.read(b)).toMatchObject({ umin: 1n, umax: 128n });
});

test('a comparison narrows both sides, and tells the impossible', () => {
  put(a, { umax: 100n });
  put(b, { umin: 50n, umax: 60n });
  expect(ops.branchTaken(JUMP_NUMBER.jgt, 64, a, b)).toBe(-1);
  expect(ops.refine(JUMP_NUMBER.jgt, 64, 1, a, b)).toBe(1);
  expect([domain.read(a).umin, domain.read(b).umax]).toEqual([51n, 60n]);
  expect(ops.branchTakenImm(JUMP_NUMBER.jgt, 64, a, 50)).toBe(1);
  expect(ops.refineImm(JUMP_NUMBER.jgt, 64, 0, a, 50)).toBe(0);
});

test('an operation without a number leaves nothing known', () => {
  ops.setConst(a, 5n);
  ops.alu(99, 64, a, a);
  expect(shown(a)).toBe('scalar()');
});

test('within is reflexive, and unknown encloses all', () => {
  put(a, { umin: 3n, umax: 9n });
  ops.setUnknown(b);
  expect([ops.within(a, a), ops.within(b, a), ops.within(a, b)]).toEqual([1, 1, 0]);
  expect([ops.equal(a, a), ops.equal(a, b)]).toEqual([1, 0]);
});

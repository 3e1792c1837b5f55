/** The instructions of WebAssembly 3.0, as far as modules without floats, exceptions and references need them. */

/** What follows an opcode. */
export type Immediate =
  | 'none'
  | 'block'
  | 'label'
  | 'labels'
  | 'function'
  | 'indirect'
  | 'local'
  | 'global'
  | 'access'
  | 'laneAccess'
  | 'lane'
  | 'lanes'
  | 'i32'
  | 'i64'
  | 'v128'
  | 'byte'
  | 'bytes';

export interface Opcode {
  readonly name: string;
  readonly immediate: Immediate;
}

/** By opcode, those behind a prefix by `prefix << 16 | number`. */
const table = new Map<number, Opcode>();

/** Names of consecutive opcodes; '-' leaves a number out. */
const add = (first: number, names: string, immediate: Immediate = 'none'): void => {
  names.split(' ').forEach((name, i) => {
    if (name !== '-') table.set(first + i, { name, immediate });
  });
};

/** The same for opcodes of one type: `i32` and `add sub` are i32.add and i32.sub. */
const addTyped = (first: number, type: string, names: string, immediate: Immediate = 'none'): void => {
  const full = names.split(' ').map((name) => (name === '-' ? name : `${type}.${name}`));
  add(first, full.join(' '), immediate);
};

const COMPARISONS = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const ARITHMETIC = 'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';

add(0x00, 'unreachable nop');
add(0x02, 'block loop if', 'block');
add(0x05, 'else');
add(0x0b, 'end');
add(0x0c, 'br br_if', 'label');
add(0x0e, 'br_table', 'labels');
add(0x0f, 'return');
add(0x10, 'call', 'function');
add(0x11, 'call_indirect', 'indirect');
add(0x12, 'return_call', 'function');
add(0x13, 'return_call_indirect', 'indirect');
add(0x1a, 'drop select');
add(0x20, 'local.get local.set local.tee', 'local');
add(0x23, 'global.get global.set', 'global');
addTyped(0x28, 'i32', 'load', 'access');
addTyped(0x29, 'i64', 'load', 'access');
addTyped(0x2c, 'i32', 'load8_s load8_u load16_s load16_u', 'access');
addTyped(0x30, 'i64', 'load8_s load8_u load16_s load16_u load32_s load32_u', 'access');
add(0x36, 'i32.store i64.store - - i32.store8 i32.store16 i64.store8 i64.store16 i64.store32', 'access');
add(0x3f, 'memory.size memory.grow', 'byte');
addTyped(0x41, 'i32', 'const', 'i32');
addTyped(0x42, 'i64', 'const', 'i64');
addTyped(0x45, 'i32', `eqz ${COMPARISONS}`);
addTyped(0x50, 'i64', `eqz ${COMPARISONS}`);
addTyped(0x67, 'i32', ARITHMETIC);
addTyped(0x79, 'i64', ARITHMETIC);
add(0xa7, 'i32.wrap_i64');
addTyped(0xac, 'i64', 'extend_i32_s extend_i32_u');
add(0xc0, 'i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s');

const BULK = 0xfc;
add((BULK << 16) | 10, 'memory.copy', 'bytes');
add((BULK << 16) | 11, 'memory.fill', 'byte');

const SIMD = 0xfd;
const simd = (first: number, type: string, names: string, immediate: Immediate = 'none'): void =>
  addTyped((SIMD << 16) | first, type, names, immediate);

simd(
  0,
  'v128',
  'load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u load8_splat load16_splat load32_splat load64_splat store',
  'access',
);
simd(12, 'v128', 'const', 'v128');
simd(13, 'i8x16', 'shuffle', 'lanes');
simd(14, 'i8x16', 'swizzle splat');
add((SIMD << 16) | 16, 'i16x8.splat i32x4.splat i64x2.splat');
simd(21, 'i8x16', 'extract_lane_s extract_lane_u replace_lane', 'lane');
simd(24, 'i16x8', 'extract_lane_s extract_lane_u replace_lane', 'lane');
simd(27, 'i32x4', 'extract_lane replace_lane', 'lane');
simd(29, 'i64x2', 'extract_lane replace_lane', 'lane');
simd(35, 'i8x16', COMPARISONS);
simd(45, 'i16x8', COMPARISONS);
simd(55, 'i32x4', COMPARISONS);
simd(77, 'v128', 'not and andnot or xor bitselect any_true');
simd(84, 'v128', 'load8_lane load16_lane load32_lane load64_lane', 'laneAccess');
simd(88, 'v128', 'store8_lane store16_lane store32_lane store64_lane', 'laneAccess');
simd(92, 'v128', 'load32_zero load64_zero', 'access');
simd(96, 'i8x16', 'abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u');
simd(107, 'i8x16', 'shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u');
simd(118, 'i8x16', 'min_s min_u max_s max_u - avgr_u');
simd(128, 'i16x8', 'abs neg - all_true bitmask narrow_i32x4_s narrow_i32x4_u');
simd(135, 'i16x8', 'extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u');
simd(139, 'i16x8', 'shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u');
simd(149, 'i16x8', 'mul min_s min_u max_s max_u - avgr_u');
simd(160, 'i32x4', 'abs neg - all_true bitmask');
simd(167, 'i32x4', 'extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u');
simd(171, 'i32x4', 'shl shr_s shr_u add - - sub - - - mul min_s min_u max_s max_u dot_i16x8_s');
simd(192, 'i64x2', 'abs neg - all_true bitmask');
simd(199, 'i64x2', 'extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u');
simd(203, 'i64x2', 'shl shr_s shr_u add - - sub - - - mul eq ne lt_s gt_s le_s ge_s');

const ATOMIC = 0xfe;
const atomic = (first: number, names: string): void => add((ATOMIC << 16) | first, names, 'access');
atomic(0x00, 'memory.atomic.notify memory.atomic.wait32 memory.atomic.wait64');
add((ATOMIC << 16) | 0x03, 'atomic.fence', 'byte');
atomic(
  0x10,
  'i32.atomic.load i64.atomic.load i32.atomic.load8_u i32.atomic.load16_u i64.atomic.load8_u i64.atomic.load16_u i64.atomic.load32_u',
);
atomic(
  0x17,
  'i32.atomic.store i64.atomic.store i32.atomic.store8 i32.atomic.store16 i64.atomic.store8 i64.atomic.store16 i64.atomic.store32',
);
['add', 'sub', 'and', 'or', 'xor', 'xchg', 'cmpxchg'].forEach((op, i) => {
  const narrow = [
    'i32.atomic.rmw8',
    'i32.atomic.rmw16',
    'i64.atomic.rmw8',
    'i64.atomic.rmw16',
    'i64.atomic.rmw32',
  ];
  const names = [`i32.atomic.rmw.${op}`, `i64.atomic.rmw.${op}`, ...narrow.map((type) => `${type}.${op}_u`)];
  atomic(0x1e + 7 * i, names.join(' '));
});

const PREFIXES: ReadonlySet<number> = new Set([BULK, SIMD, ATOMIC]);

/** Whether a number (LEB128) follows the byte, which belongs to the opcode. */
export const isPrefix = (byte: number): boolean => PREFIXES.has(byte);

/** The instruction of an opcode; undefined for those that translated programs have no use for. */
export const opcodeAt = (byte: number, number = 0): Opcode | undefined =>
  table.get(isPrefix(byte) ? (byte << 16) | number : byte);

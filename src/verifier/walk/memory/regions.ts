/** Accesses to memory of known size (check_mem_region_access, check_packet_access of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import { kindOf } from '../../state/kinds.ts';
import { MAX_OFFSET } from '../arithmetic/pointers.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';

const LEAST = -(2 ** 63);
const fits32 = (x: number): boolean => x === (x | 0);

/** An access at a fixed distance from where the register points. */
export interface Access {
  readonly register: number;
  /** Bytes: the register's fixed offset and the instruction's. */
  readonly off: number;
  /** Bytes. */
  readonly size: number;
}

/** What does not fit, in the words for its kind of memory. */
function outside(walk: Walk, { register, size }: Access, off: number, memorySize: number): string {
  const { memory } = walk;
  const r = walk.reg(register);
  switch (kindOf(memory.type(r))) {
    case abi.KIND_MAP_KEY:
      return `invalid access to map key, key_size=${memorySize} off=${off} size=${size}`;
    case abi.KIND_MAP_VALUE:
      return `invalid access to map value, value_size=${memorySize} off=${off} size=${size}`;
    case abi.KIND_PACKET:
    case abi.KIND_PACKET_META: {
      const where = `R${register}(id=${memory.id(r)},off=${off},r=${memorySize})`;
      return `invalid access to packet, off=${off} size=${size}, ${where}`;
    }
    default:
      return `invalid access to memory, mem_size=${memorySize} off=${off} size=${size}`;
  }
}

const isInside = (off: number, size: number, memorySize: number, zeroAllowed: boolean): boolean =>
  off >= 0 && (size > 0 || (size === 0 && zeroAllowed)) && off + size <= memorySize;

const USE_UNSIGNED = 'either use unsigned index or do a if (index >=0) check.';

/** Refuses an access that may lie outside of `memorySize` bytes. */
export function checkRegion(walk: Walk, access: Access, memorySize: number, zeroAllowed = false): void {
  const { ops } = walk;
  const { register, off, size } = access;
  const r = walk.reg(register);
  const least = ops.sminOf(r);
  if (least < 0 && (least === LEAST || !fits32(off + least) || least + off < 0)) {
    refuse(`R${register} min value is negative, ${USE_UNSIGNED}`, {
      registers: [register],
      hint: `make the offset in r${register} unsigned, or compare it with 0 first`,
    });
  }
  if (!isInside(least + off, size, memorySize, zeroAllowed)) {
    const detail = outside(walk, access, least + off, memorySize);
    refuse(`${detail}\nR${register} min value is outside of the allowed memory range`, {
      registers: [register],
      hint: `the memory has ${memorySize} bytes: offset and size must stay within`,
    });
  }
  const most = ops.umaxOf(r);
  if (most >= MAX_OFFSET) {
    refuse(`R${register} unbounded memory access, make sure to bounds check any such access`, {
      registers: [register],
      hint: `compare the offset in r${register} with ${memorySize - size} first (it may be at most that)`,
    });
  }
  if (!isInside(most + off, size, memorySize, zeroAllowed)) {
    const detail = outside(walk, access, most + off, memorySize);
    refuse(`${detail}\nR${register} max value is outside of the allowed memory range`, {
      registers: [register],
      hint: `the offset may be up to ${most + off}: let it be at most ${memorySize - size}`,
    });
  }
}

/** Refuses an access beyond what comparisons with the packet's end have proved. */
export function checkPacket(walk: Walk, access: Access, zeroAllowed = false): void {
  const { memory, ops } = walk;
  const { register, off, size } = access;
  const r = walk.reg(register);
  if (ops.sminOf(r) < 0) {
    refuse(`R${register} min value is negative, ${USE_UNSIGNED}`, { registers: [register] });
  }
  const range = memory.aux(r) | 0;
  if (range >= 0 && isInside(off, size, range, zeroAllowed)) return;
  const detail = range < 0 ? '' : `${outside(walk, access, off, range)}\n`;
  const end = memory.type(r) === abi.KIND_PACKET_META ? 'data' : 'data_end';
  refuse(`${detail}R${register} offset is outside of the packet`, {
    registers: [register],
    hint: `compare r${register} + ${off + size} with ${end} first, and leave where it is greater`,
  });
}

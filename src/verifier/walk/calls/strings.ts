/** Text that must be known: NUL-terminated, in the read-only part of a map (check_reg_const_str). */
import { KIND_MAP_VALUE } from '../../../abi/state.ts';
import { constantData } from '../memory/mapValues.ts';
import { checkRegion } from '../memory/regions.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';

/** The text a register points to. */
export function constantString(walk: Walk, register: number): string {
  const { memory } = walk;
  const r = walk.reg(register);
  if (memory.type(r) !== KIND_MAP_VALUE) refuse(`R${register} is not a const string`);
  const spec = walk.map(memory.aux(r));
  if (spec.frozen !== true)
    refuse(`R${register} does not point to a readonly map'`, { hint: 'declare the text const' });
  if (!memory.isConst(r)) refuse(`R${register} is not a constant address'`);
  const data = constantData(spec);
  if (data === undefined) refuse('no direct value access support for this map type');
  const off = memory.off(r) + memory.constant(r);
  checkRegion(walk, { register, off: memory.off(r), size: spec.valueSize - off }, spec.valueSize);
  const end = data.indexOf(0, off);
  if (end < 0 || end >= spec.valueSize) refuse('string is not zero-terminated');
  return new TextDecoder().decode(data.subarray(off, end));
}

const CONVERSION = /%(?:%|[-+ #0]*\d*(?:\.\d+)?(?<length>l{0,2}|h{0,2})(?<kind>[cdiuxXps]|p[A-Za-z0-9]*)?)/g;

/** How many arguments a format takes; undefined when it is not one that the kernel prints. */
function countConversions(format: string): number | undefined {
  let count = 0;
  for (const match of format.matchAll(CONVERSION)) {
    if (match[0] === '%%') continue;
    if (match.groups?.['kind'] === undefined) return undefined;
    count += 1;
  }
  return /%$/.test(format.replaceAll('%%', '')) ? undefined : count;
}

/** bpf_snprintf(out, size, format, data, bytes): one u64 for each conversion (check_bpf_snprintf_call). */
export function checkFormat(walk: Walk, format: string, bytesRegister: number): void {
  const bytes = walk.reg(bytesRegister);
  if (!walk.memory.isConst(bytes)) return;
  const given = walk.memory.constant(bytes);
  const wanted = countConversions(format);
  if (wanted === undefined || given % 8 !== 0 || wanted > given / 8) {
    refuse(`Invalid format string`, {
      hint: `the format "${format}" takes ${wanted ?? 'an unknown number of'} values, and ${given} bytes are given`,
    });
  }
}

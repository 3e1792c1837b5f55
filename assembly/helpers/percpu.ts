import { HDR_NCPU, HEADER, OBJ_CPU_STRIDE, OBJ_HEADER, RUN_CPU } from '../../src/abi/layout';
import { objectArgument } from '../objects/argument';
import { run } from '../run/state';

// Variables of the kernel that every CPU has for itself: objects of the host with a structure for each.

function structureOf(variable: u64, cpu: u32): u64 {
  const first = objectArgument(variable, 0);
  return first + cpu * load<u32>(first - OBJ_HEADER, OBJ_CPU_STRIDE);
}

/** bpf_per_cpu_ptr(percpu_ptr, cpu): NULL for a CPU that is not there. Of an object that is not per CPU, the object. */
export function bpf_per_cpu_ptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return (r2 as u32) < load<u32>(HEADER, HDR_NCPU) ? structureOf(r1, r2 as u32) : 0;
}

/** bpf_this_cpu_ptr(percpu_ptr) */
export function bpf_this_cpu_ptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return structureOf(r1, load<u32>(run, RUN_CPU));
}

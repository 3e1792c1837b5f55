import { OBJ_CGROUP, OBJ_HEADER, OBJ_PARENT, OBJ_TASK } from '../../src/abi/layout';
import { ancestorAt, isUnder } from '../objects/cgroups';
import { objectAcquire, objectRelease, objectTryAcquire, objectTryAcquireBy } from '../objects/registry';

// References to tasks and cgroups of the host: kernel/bpf/helpers.c. 0 stands for the root cgroup.

/** bpf_task_acquire(p): NULL where the task is going. */
export function bpf_task_acquire(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return objectTryAcquire(r1, OBJ_TASK);
}

export function bpf_task_release(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  objectRelease(r1 as u32);
  return 0;
}

/** bpf_task_from_pid(pid): the task whose cookie that is. */
export function bpf_task_from_pid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return objectTryAcquireBy(OBJ_TASK, r1 & 0xffff_ffff);
}

/** bpf_task_from_vpid(pid): there is one PID namespace. */
export function bpf_task_from_vpid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return objectTryAcquireBy(OBJ_TASK, r1 & 0xffff_ffff);
}

/** bpf_task_under_cgroup(task, ancestor) */
export function bpf_task_under_cgroup(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isUnder(load<u32>((r1 as u32) - OBJ_HEADER, OBJ_PARENT), r2 as u32) ? 1 : 0;
}

/** bpf_cgroup_acquire(cgrp): NULL where the cgroup is going. */
export function bpf_cgroup_acquire(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return objectTryAcquire(r1, OBJ_CGROUP);
}

export function bpf_cgroup_release(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  objectRelease(r1 as u32);
  return 0;
}

/** bpf_cgroup_ancestor(cgrp, level): NULL for the root, too, which is no object. */
export function bpf_cgroup_ancestor(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const ancestor = ancestorAt(r1 as u32, r2 as i32);
  if (ancestor) objectAcquire(ancestor);
  return ancestor;
}

/** bpf_cgroup_from_id(cgid) */
export function bpf_cgroup_from_id(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return objectTryAcquireBy(OBJ_CGROUP, r1);
}

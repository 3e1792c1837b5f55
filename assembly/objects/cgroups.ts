import { OBJ_COOKIE, OBJ_HEADER, OBJ_PARENT } from '../../src/abi/layout';

// The hierarchy of cgroups, as their parents make it. 0 stands for the root, which the host need not make.

/** Id of the root cgroup. */
const ROOT_ID: u64 = 1;

function parentOf(cgroup: u32): u32 {
  return load<u32>(cgroup - OBJ_HEADER, OBJ_PARENT);
}

export function cgroupId(cgroup: u32): u64 {
  return cgroup ? load<u64>(cgroup - OBJ_HEADER, OBJ_COOKIE) : ROOT_ID;
}

/** Steps from the root, which is at level 0: a cgroup without a parent is at level 1, below it. */
function levelOf(cgroup: u32): u32 {
  let level: u32 = 0;
  for (; cgroup; cgroup = parentOf(cgroup)) ++level;
  return level;
}

function hasLevel(cgroup: u32, level: i32): bool {
  return level >= 0 && <u32>level <= levelOf(cgroup);
}

/** The ancestor at `level`, the cgroup itself included; 0 for the root, and where it has none there. */
export function ancestorAt(cgroup: u32, level: i32): u32 {
  if (!hasLevel(cgroup, level)) return 0;
  for (let steps = levelOf(cgroup) - <u32>level; steps; --steps) cgroup = parentOf(cgroup);
  return cgroup;
}

/** Id of the ancestor at `level`, the cgroup itself included; 0 where it has none there. */
export function ancestorId(cgroup: u32, level: i32): u64 {
  return hasLevel(cgroup, level) ? cgroupId(ancestorAt(cgroup, level)) : 0;
}

/** Whether `cgroup` is `ancestor`, or in it. */
export function isUnder(cgroup: u32, ancestor: u32): bool {
  while (cgroup && cgroup != ancestor) cgroup = parentOf(cgroup);
  return cgroup == ancestor;
}

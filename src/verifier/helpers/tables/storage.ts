import type { Argument, HelperTable } from '../types.ts';
import * as v from '../vocabulary.ts';

const get = (owner: Argument): readonly Argument[] => [v.map, owner, v.valueOrNull, v.any];

/** Local storage of sockets, inodes, tasks and cgroups. */
export const STORAGE: HelperTable = {
  get_local_storage: {
    args: [v.map, v.any],
    result: v.mapValueResult,
    checks: 'a cgroup_storage or percpu_cgroup_storage map; one of each in a program; flags are a constant 0',
  },
  sk_storage_get: {
    args: get(v.btfSock),
    result: v.mapValueOrNull,
    checks: 'a sk_storage map; refused in tracing programs on the storage code itself',
    variants: [{ where: { types: ['cgroup_sock'] }, args: get(v.context) }],
  },
  sk_storage_delete: { args: [v.map, v.btfSock], checks: 'a sk_storage map' },
  inode_storage_get: {
    args: get(v.btfOrNull('inode')),
    result: v.mapValueOrNull,
    checks: 'an inode_storage map',
  },
  inode_storage_delete: { args: [v.map, v.btfOrNull('inode')], checks: 'an inode_storage map' },
  task_storage_get: {
    args: get(v.btfOrNull('task_struct')),
    result: v.mapValueOrNull,
    checks: 'a task_storage map',
  },
  task_storage_delete: { args: [v.map, v.btfOrNull('task_struct')], checks: 'a task_storage map' },
  cgrp_storage_get: {
    args: get(v.btfOrNull('cgroup')),
    result: v.mapValueOrNull,
    checks: 'a cgrp_storage map',
  },
  cgrp_storage_delete: { args: [v.map, v.btfOrNull('cgroup')], checks: 'a cgrp_storage map' },
};

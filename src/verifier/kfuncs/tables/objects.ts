import type { KfuncRow, KfuncTable } from '../types.ts';
import * as v from '../vocabulary.ts';

const OWNERSHIP = 'objects that programs allocate and own';
const LOCKS = 'resilient spin locks';

const all = (unsupported: string, rows: KfuncTable): KfuncTable =>
  Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...row, unsupported }]));

const allocation: KfuncRow = { args: [v.constant, v.ignored], result: v.objectOrNull(true) };
const drop: KfuncRow = { args: [v.object('allocated'), v.ignored], result: v.nothing };
const push: KfuncRow = { args: [v.object('listHead'), v.object('listNode'), v.ignored, v.scalar] };
const list = (acquire: boolean): KfuncRow => ({
  args: [v.object('listHead')],
  result: v.objectOrNull(acquire),
});
const root = v.object('rbRoot');
const node = v.object('rbNode');
const step: KfuncRow = { args: [root, node], result: v.objectOrNull(false) };

/** Objects, lists and trees of the program's own. */
export const OBJECTS: KfuncTable = all(OWNERSHIP, {
  bpf_obj_new_impl: allocation,
  bpf_percpu_obj_new_impl: allocation,
  bpf_obj_drop_impl: drop,
  bpf_percpu_obj_drop_impl: drop,
  bpf_refcount_acquire_impl: {
    args: [v.object('refcounted'), v.ignored],
    result: v.objectOrNull(true),
    trust: 'rcu',
  },
  bpf_list_push_front_impl: push,
  bpf_list_push_back_impl: push,
  bpf_list_pop_front: list(true),
  bpf_list_pop_back: list(true),
  bpf_list_front: list(false),
  bpf_list_back: list(false),
  bpf_rbtree_add_impl: { args: [root, node, v.callback, v.ignored, v.scalar] },
  bpf_rbtree_remove: { args: [root, node], result: v.objectOrNull(true) },
  bpf_rbtree_first: { args: [root], result: v.objectOrNull(false) },
  bpf_rbtree_root: { args: [root], result: v.objectOrNull(false) },
  bpf_rbtree_left: step,
  bpf_rbtree_right: step,
});

const lock = v.object('resSpinLock');

export const RESOURCES: KfuncTable = {
  ...all(LOCKS, {
    bpf_res_spin_lock: { args: [lock], checks: 'fails with an error where the lock was not taken' },
    bpf_res_spin_unlock: { args: [lock], result: v.nothing },
    bpf_res_spin_lock_irqsave: { args: [lock, v.irqFlag('uninit', 'lock')] },
    bpf_res_spin_unlock_irqrestore: { args: [lock, v.irqFlag('saved', 'lock')], result: v.nothing },
  }),
  bpf_arena_alloc_pages: {
    args: [v.map, v.ignored, v.scalar, v.scalar, v.scalar],
    result: { kind: 'address' },
    trust: 'trusted',
    sleepable: true,
  },
  bpf_arena_free_pages: {
    args: [v.map, v.ignored, v.scalar],
    result: v.nothing,
    trust: 'trusted',
    sleepable: true,
  },
  bpf_arena_reserve_pages: { args: [v.map, v.ignored, v.scalar], trust: 'trusted', sleepable: true },
};

// What the compiled runtime exports: see src/abi/runtime.ts, which is the contract. Nothing is done here.

export { attach, init } from './engine';
export { interpretBatch, step, stepBegin } from './interp/entry';
export { setKfuncs } from './kfuncs/dispatch';
export { arenaAddress, arenaTouch } from './maps/arena';
export { arrayUpdate } from './maps/array';
export { mapCreate, mapDestroy } from './maps/create';
export { mapDump } from './maps/dump';
export { hashDelete, hashLookup, hashUpdate, lruUse } from './maps/hash';
export {
  mapDelete,
  mapFreeze,
  mapLookup,
  mapNextKey,
  mapPeek,
  mapPop,
  mapPush,
  mapRead,
  mapTake,
  mapUpdate,
} from './maps/host';
export { stackInsert } from './maps/stacks';
export { trieDelete, trieLookup, trieUpdate } from './maps/trie';
export { alloc, free } from './memory/allocator';
export { objectAcquire, objectCreate, objectRelease, objectSetParent } from './objects/registry';
export { ringConsume, ringLost, ringPeek } from './rings/maps';
export { userRingReserve, userRingSubmit } from './rings/user';
export { ringbufDiscard, ringbufOutput, ringbufReserve, ringbufSubmit } from './rings/verified';
export { begin, finish, prepare } from './run/begin';
export { spend } from './run/budget';
export { functionIndex } from './run/callx';
export { packetLoad } from './run/packet';
export { check } from './run/sandbox';
export { tailCall } from './run/tail';
export { trap } from './run/trap';
export { socketCreate, socketDestroy, socketEnter, socketLeave } from './sockets/table';
export { laterDue, laterEnd, laterRun } from './timers/due';

// Every helper under its name in the kernel: what is exported is what there is.
export * from './helpers/cgroups';
export * from './helpers/classic';
export * from './helpers/clone';
export * from './helpers/counters';
export * from './helpers/csum';
export * from './helpers/dynptr';
export * from './helpers/ecn';
export * from './helpers/fib';
export * from './helpers/hooks';
export * from './helpers/loops';
export * from './helpers/maps';
export * from './helpers/mtu';
export * from './helpers/percpu';
export * from './helpers/print';
export * from './helpers/probe';
export * from './helpers/redirect';
export * from './helpers/rings';
export * from './helpers/room';
export * from './helpers/seq';
export * from './helpers/skb';
export * from './helpers/socketCalls';
export * from './helpers/sockets';
export * from './helpers/skbFields';
export * from './helpers/spin';
export * from './helpers/stacks';
export * from './helpers/storage';
export * from './helpers/strings';
export * from './helpers/task';
export * from './helpers/time';
export * from './helpers/timers';
export * from './helpers/tracing';
export * from './helpers/tunnel';
export * from './helpers/userRing';
export * from './helpers/vlan';
export * from './helpers/xdp';

// Kernel functions likewise.
export * from './kfuncs/arenas';
export * from './kfuncs/bits';
export * from './kfuncs/copies';
export * from './kfuncs/cpumasks';
export * from './kfuncs/dynptrs';
export * from './kfuncs/maps';
export * from './kfuncs/numbers';
export * from './kfuncs/objects';
export * from './kfuncs/sections';
export * from './kfuncs/sessions';
export * from './kfuncs/streams';
export * from './kfuncs/strings';
export * from './kfuncs/throw';
export * from './kfuncs/workqueues';

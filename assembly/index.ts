// What the compiled runtime exports: see src/abi/runtime.ts, which is the contract. Nothing is done here.

export { attach, init } from './engine';
export { interpretBatch, step, stepBegin } from './interp/entry';
export { mapCreate, mapDestroy } from './maps/create';
export { mapDump } from './maps/dump';
export { mapDelete, mapLookup, mapNextKey, mapPeek, mapPop, mapPush, mapUpdate } from './maps/host';
export { alloc, free } from './memory/allocator';
export { ringConsume, ringLost, ringPeek } from './rings/maps';
export { begin, finish } from './run/begin';
export { spend } from './run/budget';
export { functionIndex } from './run/call';
export { packetLoad } from './run/packet';
export { check } from './run/sandbox';
export { tailCall } from './run/tail';
export { trap } from './run/trap';

export * from './helpers/maps';

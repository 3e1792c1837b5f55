import { expect, test } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import * as maps from '../../src/abi/maps.ts';
import * as network from '../../src/abi/network.ts';
import * as packets from '../../src/abi/packets.ts';
import * as sockets from '../../src/abi/sockets.ts';
import * as state from '../../src/abi/state.ts';
import * as tracing from '../../src/abi/tracing.ts';

const FILES = [layout, maps, network, packets, sockets, state, tracing];
/** Names for where other fields begin, and for sizes: not fields themselves. */
const NOT_FIELDS = ['RUN_ENVIRONMENT', 'RUN_SIZE'];

function sharedOffsets(prefix: string): string[][] {
  const names = new Map<unknown, string[]>();
  for (const [name, offset] of FILES.flatMap((file) => Object.entries(file))) {
    if (!name.startsWith(prefix) || NOT_FIELDS.includes(name)) continue;
    names.set(offset, [...(names.get(offset) ?? []), name]);
  }
  return [...names.values()].filter((one) => one.length > 1);
}

// Each part of the runtime keeps its fields in a file of its own: nothing else sees that two have the same place.
test.each(['HDR_', 'RUN_'])('no two fields %s* lie at one offset', (prefix) => {
  expect(sharedOffsets(prefix)).toEqual([]);
});

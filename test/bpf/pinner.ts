/** A process that writes pins until it is killed: after each state that is written it says its number. */
import { abi, Bpf } from '../../src/index.ts';

const [, , pins = ''] = process.argv;
const SHAPE = { keySize: 4, valueSize: 8, maxEntries: 64 };
const NAMES = ['first', 'second'] as const;

const bpf = await Bpf.open({ pins, engine: 'interp' });
const fds = NAMES.map((mapName) => {
  if (bpf.pinned.has(mapName)) return bpf.objGet({ pathname: mapName });
  const fd = bpf.mapCreate({ ...SHAPE, mapType: abi.MAP_TYPE_HASH, mapName });
  bpf.objPin({ pathname: mapName, bpfFd: fd });
  return fd;
});
const key = new Uint8Array(4);
const known = (() => {
  try {
    return new DataView(bpf.mapLookupElem({ mapFd: fds[0] ?? 0, key }).buffer).getBigUint64(0, true);
  } catch {
    return 0n;
  }
})();
for (let generation = known + 1n; ; generation++) {
  const value = new Uint8Array(BigUint64Array.of(generation).buffer);
  for (const mapFd of fds)
    for (let index = 0; index < SHAPE.maxEntries; index++)
      bpf.mapUpdateElem({ mapFd, key: Uint8Array.of(index, 0, 0, 0), value });
  bpf.sync();
  process.stdout.write(`${generation}\n`);
}

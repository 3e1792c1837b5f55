/**
 * Lets an engine work for a long time and looks whether memory stays what it is:
 *
 *   npm run soak -- [--minutes N] [--json]
 *
 * Each cycle loads an object file with its maps, runs its programs over packets, reads its maps, and gives everything
 * back; beside it, maps of every kind that programs and hosts write to at random live on. After a tenth of the time,
 * linear memory may not grow any more, and the JavaScript heap by no more than noise. 60 minutes unless told.
 */
import { parseArgs } from 'node:util';
import { abi, Bpf, readObject } from '../src/index.ts';
import { Random } from '../test/nodiff/random.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, json: { type: 'boolean', default: false } },
});
const duration = Number(values.minutes) * 60_000;
if (!(duration > 0)) throw new Error(`--minutes is ${values.minutes}, but must be more than 0`);
if (globalThis.gc === undefined) throw new Error('soak needs node --expose-gc: use npm run soak');

const WARM_UP = 0.1;
const REPORT_EVERY = 10_000;
const HEAP_NOISE = 16 << 20;
const ENTRIES = 500;
const OPERATIONS = 2000;
const PACKETS = 200;

interface Kind {
  readonly type: number;
  readonly keySize: number;
  readonly flags?: number;
}
const KEYED: readonly Kind[] = [
  { type: abi.MAP_TYPE_HASH, keySize: 4 },
  { type: abi.MAP_TYPE_HASH, keySize: 4, flags: abi.BPF_F_NO_PREALLOC },
  { type: abi.MAP_TYPE_PERCPU_HASH, keySize: 4 },
  { type: abi.MAP_TYPE_LRU_HASH, keySize: 4 },
  { type: abi.MAP_TYPE_LRU_PERCPU_HASH, keySize: 4 },
  { type: abi.MAP_TYPE_LPM_TRIE, keySize: 8, flags: abi.BPF_F_NO_PREALLOC },
  { type: abi.MAP_TYPE_ARRAY, keySize: 4 },
];
const QUEUES = [abi.MAP_TYPE_QUEUE, abi.MAP_TYPE_STACK];

const random = new Random(1);
const bpf = await Bpf.open({ engine: 'jit' });
const shape = { valueSize: 8, maxEntries: ENTRIES };
const keyed = KEYED.map(({ type, keySize, flags = 0 }) => ({
  mapFd: bpf.mapCreate({ ...shape, mapType: type, keySize, mapFlags: flags }),
  keySize,
}));
const queues = QUEUES.map((mapType) => bpf.mapCreate({ ...shape, mapType, keySize: 0 }));

const files = [await readObject('examples/flows.bpf.o'), await readObject('examples/firewall.bpf.o')];
/** Programs that make tail calls are loaded once: V8 keeps what imports the table for as long as the table. */
const resident = await bpf.loadObject(await readObject('examples/pipeline.bpf.o'));

/** What the kernel would refuse as well (a full map, a missing key) is no matter here. */
function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error)) throw error;
  }
}

function operate(): void {
  const { mapFd, keySize } = random.pick(keyed);
  const key = new Uint8Array(keySize);
  const view = new DataView(key.buffer);
  if (keySize === 8) view.setUint32(0, random.below(33), true);
  view.setUint32(keySize - 4, random.below(2 * ENTRIES), true);
  if (random.chance(0.6)) attempt(() => bpf.mapUpdateElem({ mapFd, key, value: random.bytes(8) }));
  else attempt(() => bpf.mapDeleteElem({ mapFd, key }));
  const queue = random.pick(queues);
  if (random.chance(0.5)) attempt(() => bpf.mapUpdateElem({ mapFd: queue, value: random.bytes(8) }));
  else attempt(() => bpf.mapLookupAndDeleteElem({ mapFd: queue }));
}

const packet = (): Uint8Array => {
  const bytes = random.bytes(random.between(64, 256));
  new DataView(bytes.buffer).setUint16(12, random.pick([0x0800, 0x86dd, 0x0806]));
  return bytes;
};

async function runAll(progs: Iterable<number>): Promise<void> {
  for (const progFd of progs)
    for (let run = 0; run < PACKETS; run++) await bpf.progTestRun({ progFd, dataIn: packet() });
}

async function load(): Promise<void> {
  const { progs, maps } = await bpf.loadObject(random.pick(files));
  await runAll(progs.values());
  for (const mapFd of maps.values()) attempt(() => [...bpf.map({ mapFd }).entries()]);
  for (const fd of [...progs.values(), ...maps.values()]) bpf.closeFd(fd);
}

interface Reading {
  readonly seconds: number;
  readonly cycles: number;
  readonly linear: number;
  readonly heap: number;
  readonly rss: number;
}

const started = Date.now();
let cycles = 0;
function read(): Reading {
  globalThis.gc?.();
  const { heapUsed: heap, rss } = process.memoryUsage();
  const linear = bpf.engine.memory.memory.buffer.byteLength;
  return { seconds: Math.round((Date.now() - started) / 1000), cycles, linear, heap, rss };
}
const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
function report(reading: Reading): void {
  const { seconds, linear, heap, rss } = reading;
  const line = `${seconds} s, ${reading.cycles} cycles: linear memory ${MiB(linear)}, heap ${MiB(heap)}, process ${MiB(rss)}`;
  console.log(values.json ? JSON.stringify(reading) : line);
}

let warm: Reading | undefined;
let reported = started;
while (Date.now() - started < duration) {
  for (let done = 0; done < OPERATIONS; done++) operate();
  await load();
  await runAll(resident.progs.values());
  cycles++;
  if (warm === undefined && Date.now() - started >= duration * WARM_UP) warm = read();
  if (Date.now() - reported < REPORT_EVERY) continue;
  reported = Date.now();
  report(read());
}
const end = read();
report(end);
const begin = warm ?? end;
bpf.close();
const isSteady = end.linear === begin.linear && end.heap - begin.heap < HEAP_NOISE && cycles > 1;
if (!values.json) {
  const grown = `linear memory by ${MiB(end.linear - begin.linear)}, the heap by ${MiB(end.heap - begin.heap)}`;
  console.log(`${isSteady ? 'steady' : 'NOT steady'}: since ${begin.seconds} s grown: ${grown}`);
}
process.exitCode = isSteady ? 0 : 1;

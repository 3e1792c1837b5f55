/** How a hash grows with its entries: time of its operations, memory beyond keys and values. */
import { open } from '../../src/index.ts';
import { measure } from '../measure.ts';
import type { Setting } from '../part.ts';
import { objectPath } from '../programs.ts';
import type { Cell, Section } from '../section.ts';

const SIZES = [10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const ADDED_A_RUN = 64;
const LOOKUPS_A_RUN = 32;
const KEY_AND_VALUE = 16;
const WARM_UP = 200_000;
/** Memory grows by pages of 64 KiB: fewer entries would measure those. */
const FEWEST_FOR_MEMORY = 100_000;
const PACKET = new Uint8Array(64);

const opened = (entries: number) => open(objectPath('grow'), { maxEntries: { table: entries } });

type Opened = Awaited<ReturnType<typeof opened>>;

const bytesOf = ({ engine }: Opened): number => engine.memory.memory.buffer.byteLength;

/** @returns ns an entry, added or refused because the map is full */
async function fill(object: Opened, entries: number): Promise<number> {
  const program = await object.program('fill');
  const runs = Math.ceil(entries / ADDED_A_RUN);
  const { nsPerRun } = program.repeat(PACKET, runs);
  object
    .map<number, { next: number; filled: number; random: number }>('states')
    .set(0, { next: 0, filled: entries, random: 1 });
  return nsPerRun / ADDED_A_RUN;
}

async function row(entries: number, least: number, setting: Setting): Promise<Cell[]> {
  using object = await opened(entries);
  const added = await fill(object, entries);
  const bytes = (bytesOf(object) - least) / entries - KEY_AND_VALUE;
  const [hit, miss] = [await object.program('hit'), await object.program('miss')];
  if (hit.run(PACKET).r0 !== BigInt(LOOKUPS_A_RUN))
    throw new Error(`of ${entries} entries, some are not found`);
  if (miss.run(PACKET).r0 !== 0n) throw new Error(`what is not among ${entries} entries is found`);
  const timings = await measure(
    new Map([
      [
        'hit',
        { inProcess: true, sample: (runs: number) => hit.repeat(PACKET, runs).nsPerRun / LOOKUPS_A_RUN },
      ],
      [
        'miss',
        { inProcess: true, sample: (runs: number) => miss.repeat(PACKET, runs).nsPerRun / LOOKUPS_A_RUN },
      ],
    ]),
    setting,
  );
  const memory = entries < FEWEST_FOR_MEMORY ? undefined : bytes;
  return [entries.toLocaleString('en-US'), added, timings.get('hit'), timings.get('miss'), memory];
}

/** Memory of the engine with next to no entries. */
async function leastBytes(): Promise<number> {
  using object = await opened(1);
  return bytesOf(object);
}

export async function entries(setting: Setting): Promise<Section> {
  const least = await leastBytes();
  using warm = await opened(WARM_UP);
  await fill(warm, WARM_UP);
  const rows: Cell[][] = [];
  for (const size of SIZES) {
    setting.progress(rows.length, SIZES.length, `${size} entries`);
    rows.push(await row(size, least, setting));
  }
  return {
    part: 'entries',
    title: 'A hash by its entries (keys and values of 8 bytes), ns an operation',
    columns: ['entries', 'insert', 'hit', 'miss', 'bytes beyond key and value'],
    rows,
    notes: [
      'insert: the mean of filling it once. Keys are drawn at random: large maps are out of the caches.',
    ],
  };
}

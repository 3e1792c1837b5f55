import {
  abi,
  type BpfObject,
  mapTypeName,
  type PerfBuffer,
  type RingBuffer,
  WebpfError,
} from '../../index.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import type { Limit } from '../options.ts';
import { grouped, plural } from '../text.ts';

/** The events of one ring or perf buffer. */
interface EventCount {
  readonly map: string;
  readonly type: string;
  readonly count: number;
  readonly lost: number;
}

interface Reading {
  readonly map: string;
  readonly type: string;
  readonly reader: RingBuffer | PerfBuffer;
  count: number;
}

type Open = (object: BpfObject, name: string) => RingBuffer | PerfBuffer;

const readers: ReadonlyMap<number, Open> = new Map<number, Open>([
  [abi.MAP_TYPE_RINGBUF, (object, name) => object.ring(name)],
  [abi.MAP_TYPE_PERF_EVENT_ARRAY, (object, name) => object.perfBuffer(name)],
]);

/** A buffer that could not be made belongs to no program that runs. */
function openReader(open: Open, object: BpfObject, name: string): RingBuffer | PerfBuffer | undefined {
  try {
    return open(object, name);
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
}

function openReadings(object: BpfObject): Reading[] {
  return object.maps.flatMap(({ name, type }) => {
    const open = readers.get(type);
    const reader = open && openReader(open, object, name);
    return reader ? [{ map: name, type: mapTypeName(type), reader, count: 0 }] : [];
  });
}

/** What programs send out while they run: events, which are counted, and lines of bpf_trace_printk. */
export class Streams {
  readonly #io: Io;
  readonly #object: BpfObject;
  readonly #json: boolean;
  readonly #limit: Limit;
  readonly #readings: readonly Reading[];
  #lines = 0;

  constructor(io: Io, object: BpfObject, options: { readonly printk: Limit; readonly json?: boolean }) {
    this.#io = io;
    this.#object = object;
    this.#limit = options.printk;
    this.#json = options.json === true;
    this.#readings = openReadings(object);
  }

  /** True when a program must be stopped now and then, so that its buffers do not overflow. */
  get hasEvents(): boolean {
    return this.#readings.length > 0;
  }

  get events(): EventCount[] {
    return this.#readings.map(({ map, type, count, reader }) => ({ map, type, count, lost: reader.lost }));
  }

  /** Lines printed by programs, and lines lost because nobody took them in time. */
  get printk(): { readonly lines: number; readonly lost: number } {
    return { lines: this.#lines, lost: this.#object.trace.lost };
  }

  /** Takes what has come since the last call. */
  drain(): void {
    for (const reading of this.#readings) {
      while (reading.reader.read() !== undefined) reading.count++;
    }
    for (const line of this.#object.trace.drain()) this.#print(line);
  }

  printTotals(): void {
    const { lines, lost } = this.printk;
    const out = this.#io.stdout;
    const hidden = lines > this.#limit ? `, ${grouped(this.#limit)} shown` : '';
    if (lines + lost > 0) out.write(`printk: ${plural(lines, 'line')}${hidden}${lostText(lost)}\n`);
    for (const { map, count, lost: dropped } of this.events) {
      out.write(`${map}: ${plural(count, 'event')}${lostText(dropped)}\n`);
    }
  }

  #print(line: string): void {
    this.#lines++;
    if (this.#lines > this.#limit) return;
    if (this.#json) printJson(this.#io.stdout, { printk: line });
    else this.#io.stdout.write(`printk: ${line}\n`);
  }
}

const lostText = (lost: number): string => (lost > 0 ? `, ${grouped(lost)} lost` : '');

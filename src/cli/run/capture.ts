import {
  type BpfObject,
  type BpfProgram,
  type CaptureBatch,
  type CapturedPacket,
  readCapture,
  type WebpfError,
} from '../../index.ts';
import { printError, printWarning } from '../fail.ts';
import { type Io, stdinBytes } from '../io.ts';
import { printMaps } from '../show/maps.ts';
import { printProfile } from '../show/profile.ts';
import type { RunFlags } from './flags.ts';
import { ETHERNET, linkTypeName } from './linkTypes.ts';
import { noteTier } from './note.ts';
import { Progress } from './progress.ts';
import { Streams } from './streams.ts';
import { printSummary } from './summary.ts';
import { Tally } from './tally.ts';
import { PacketWriter } from './writer.ts';

/** Packets between two looks at the event buffers, and where there are none. */
const BATCH_WITH_EVENTS = 256;
const BATCH = 4096;

/** One run of a program over a capture, and everything that is gathered on the way. */
class CaptureRun {
  readonly tally = new Tally();
  readonly streams: Streams;
  readonly writer: PacketWriter | undefined;
  damage: WebpfError | undefined;
  readonly #io: Io;
  readonly #program: BpfProgram;
  readonly #path: string;
  readonly #progress: Progress;
  readonly #linkTypes = new Set<number>([ETHERNET]);

  constructor(io: Io, object: BpfObject, program: BpfProgram, path: string, flags: RunFlags) {
    this.#io = io;
    this.#program = program;
    this.#path = path;
    this.streams = new Streams(io, object, flags);
    this.#progress = new Progress(flags.json ? { ...io, progress: undefined } : io, flags.repeat);
    this.writer = flags.write === undefined ? undefined : new PacketWriter(flags.write, program.spec);
  }

  /** Reads the capture once. What the program leaves in its maps, the next pass finds. */
  async pass(number: number): Promise<void> {
    const onDamage = (error: WebpfError): void => {
      this.damage = error;
    };
    const batchSize = this.streams.hasEvents ? BATCH_WITH_EVENTS : BATCH;
    const source = this.#path === '-' ? stdinBytes(this.#io) : this.#path;
    for await (const batch of readCapture(source, { onDamage, batchSize, name: this.#path })) {
      await this.#run(batch, number === 0);
      await this.#progress.update(batch, number);
    }
  }

  close(): void {
    this.#progress.stop();
    this.writer?.close();
  }

  async #run(batch: CaptureBatch, first: boolean): Promise<void> {
    if (this.#program.contextKind !== 'memory') this.#checkLinkTypes(batch.packets);
    const writer = first ? this.writer : undefined;
    const data = batch.packets.map((packet) => packet.data);
    const result = this.#program.runBatch(data, { packets: writer !== undefined });
    this.tally.add(batch, result);
    this.streams.drain();
    await writer?.add(batch.packets, result);
  }

  /** Programs read an Ethernet header first: whatever else is there, they take for one. */
  #checkLinkTypes(packets: readonly CapturedPacket[]): void {
    for (const { linkType } of packets) {
      if (this.#linkTypes.has(linkType)) continue;
      this.#linkTypes.add(linkType);
      const found = `link type ${linkTypeName(linkType)}`;
      printWarning(this.#io, `${this.#path} has packets of ${found}, but the program expects Ethernet`);
    }
  }
}

/** Runs a program over the packets of a capture; 1 when the capture is damaged, after what there was of it. */
export async function runCapture(
  io: Io,
  object: BpfObject,
  program: BpfProgram,
  path: string,
  flags: RunFlags,
): Promise<number> {
  const run = new CaptureRun(io, object, program, path, flags);
  try {
    for (let pass = 0; pass < flags.repeat; pass++) await run.pass(pass);
  } finally {
    run.close();
  }
  const { tally, damage } = run;
  // A file that is no capture at all has given nothing to sum up.
  if (damage && tally.packets === 0) throw damage;
  printSummary(io, program, path, flags, run);
  noteTier(io, program);
  printProfile(io, object.programs, object.engine.profile(), flags.json === true);
  printMaps(io, object, flags.maps, flags.json === true);
  if (damage) printError(io, damage);
  return damage ? 1 : 0;
}

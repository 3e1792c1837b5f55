import type { BpfProgram, WebpfError } from '../../index.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import { table } from '../table.ts';
import { grouped, nanoseconds, plural, rate, styled } from '../text.ts';
import type { RunFlags } from './flags.ts';
import type { Streams } from './streams.ts';
import type { Tally, TrapCount } from './tally.ts';
import type { PacketWriter } from './writer.ts';

/** What a run over a capture has gathered. */
export interface Gathered {
  readonly tally: Tally;
  readonly streams: Streams;
  readonly writer: PacketWriter | undefined;
  readonly damage: WebpfError | undefined;
}

const byCount = (verdicts: ReadonlyMap<string, number>): [string, number][] =>
  [...verdicts].sort(([, a], [, b]) => b - a);

const jsonTrap = ({ kind, count, first, packet }: TrapCount) => ({
  kind,
  count,
  packet,
  program: first.program,
  insn: first.insn,
  message: first.message,
});

function jsonOf(program: BpfProgram, path: string, gathered: Gathered): object {
  const { tally, streams, writer, damage } = gathered;
  return {
    program: program.name,
    engine: program.tier,
    capture: path,
    packets: tally.packets,
    bytes: tally.bytes,
    verdicts: tally.verdicts,
    nsPerPacket: Number(tally.nsPerPacket.toPrecision(4)),
    packetsPerSecond: Math.round(tally.packetsPerSecond),
    traps: tally.traps.map(jsonTrap),
    events: streams.events,
    printk: streams.printk,
    ...(writer && { written: writer.written }),
    complete: damage === undefined,
  };
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

function printTraps(io: Io, traps: readonly TrapCount[]): void {
  for (const { kind, count, first, packet } of traps) {
    const head = styled(io, io.stdout, 'red', `trap ${kind}: ${plural(count, 'packet')}`);
    io.stdout.write(`${head}, first packet ${packet}: ${first.message}\n`);
  }
}

function printText(io: Io, program: BpfProgram, path: string, flags: RunFlags, gathered: Gathered): void {
  const { tally, streams, writer } = gathered;
  const out = io.stdout;
  const name = styled(io, out, 'bold', program.name);
  out.write(`${name} (${program.spec.type}, ${program.tier}) over ${path}: `);
  out.write(`${plural(tally.packets, 'packet')}, ${plural(tally.bytes, 'byte')}\n`);
  const rows = byCount(tally.verdicts).map(([verdict, count]) => [
    verdict,
    grouped(count),
    percent(count, tally.packets),
  ]);
  if (rows.length > 0) out.write(table(['verdict', 'packets', 'share'], rows));
  printTraps(io, tally.traps);
  if (tally.packets > 0)
    out.write(`rate: ${rate(tally.packetsPerSecond)}, ${nanoseconds(tally.nsPerPacket)} a packet\n`);
  streams.printTotals();
  if (writer) out.write(`${flags.write}: ${plural(writer.written, 'packet')} written\n`);
}

/** Prints what came of a run over a capture. */
export function printSummary(
  io: Io,
  program: BpfProgram,
  path: string,
  flags: RunFlags,
  gathered: Gathered,
): void {
  if (flags.json) printJson(io.stdout, jsonOf(program, path, gathered));
  else printText(io, program, path, flags, gathered);
}

import { type BpfObject, type BpfProgram, type TestRunResult, testRun } from '../../index.ts';
import { hexRows } from '../hex.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import { printMaps } from '../show/maps.ts';
import { printProfile } from '../show/profile.ts';
import { grouped, nanoseconds, plural, styled } from '../text.ts';
import type { RunFlags } from './flags.ts';
import { noteTier } from './note.ts';
import { Streams } from './streams.ts';

const MAX_HEX_ROWS = 16;

function jsonOf(result: TestRunResult, nsPerRun: number | undefined) {
  const { r0, verdict, data, dataChanged, meta, redirect } = result;
  return {
    r0,
    verdict,
    data,
    dataChanged,
    ...(meta.length > 0 && { meta }),
    ...(redirect && { redirect }),
    ...(nsPerRun !== undefined && { nsPerRun: Number(nsPerRun.toPrecision(4)) }),
  };
}

function* textOf({
  r0,
  verdict,
  data,
  dataChanged,
  meta,
  redirect,
  linkHeader,
}: TestRunResult): Generator<string> {
  yield `r0: ${r0} (0x${r0.toString(16)})${verdict === r0.toString() ? '' : `, ${verdict}`}`;
  if (redirect) {
    const to = redirect.map === undefined ? 'interface' : `map ${redirect.map}, key`;
    yield `redirect: ${to} ${redirect.index}, flags ${redirect.flags}`;
  }
  if (meta.length > 0) yield* [`metadata: ${plural(meta.length, 'byte')}`, ...hexRows(meta, MAX_HEX_ROWS)];
  if (data.length === 0) return;
  if (linkHeader > 0) {
    yield `the program sees the packet without its Ethernet header, as in the kernel's test run; it comes back as zeros`;
  }
  yield `data: ${plural(data.length, 'byte')}${dataChanged ? ', changed' : ', as it was'}`;
  if (dataChanged) yield* hexRows(data, MAX_HEX_ROWS);
}

function printText(
  io: Io,
  program: BpfProgram,
  result: TestRunResult,
  flags: RunFlags,
  nsPerRun?: number,
): void {
  const name = styled(io, io.stdout, 'bold', program.name);
  io.stdout.write(`${name} (${program.spec.type}, ${program.tier})\n`);
  for (const line of textOf(result)) io.stdout.write(`${line}\n`);
  if (nsPerRun !== undefined) {
    io.stdout.write(`${grouped(flags.repeat)} runs, ${nanoseconds(nsPerRun)} each\n`);
  }
}

/** Runs a program over one packet as the kernel's test run does; more often, over the packet as each run leaves it. */
export function runPacket(
  io: Io,
  object: BpfObject,
  program: BpfProgram,
  data: Uint8Array,
  flags: RunFlags,
): number {
  const streams = new Streams(io, object, flags);
  const result = testRun(program, data);
  const nsPerRun =
    flags.repeat > 1
      ? program.repeat(data, flags.repeat - 1, { linkHeader: result.linkHeader }).nsPerRun
      : undefined;
  streams.drain();
  if (flags.json) {
    printJson(io.stdout, { program: program.name, engine: program.tier, ...jsonOf(result, nsPerRun) });
  } else {
    printText(io, program, result, flags, nsPerRun);
    streams.printTotals();
  }
  noteTier(io, program);
  printProfile(io, object.programs, object.engine.profile(), flags.json === true);
  printMaps(io, object, flags.maps, flags.json === true);
  return 0;
}

import type { KernelLoad } from './kernel.ts';
import type { OurRun } from './ours.ts';
import { objectName, type Subject } from './subjects.ts';

/** One program's numbers; times in ms, medians but for `firstMs`. */
export interface Row {
  readonly object: string;
  readonly section: string;
  readonly program: string;
  /** Slots. */
  readonly insns: number;
  readonly verdict: string;
  readonly processed: number;
  readonly states: number;
  /** Bytes of linear memory in use at most. */
  readonly memory: number;
  readonly ms: number;
  /** The first verification of this program in the process: code that V8 has not optimised yet. */
  readonly firstMs: number;
  /** Absent without a kernel. */
  readonly kernel: KernelRow | undefined;
}

export interface KernelRow {
  readonly verdict: 'accept' | 'reject' | 'not tried';
  /** Why it was not tried. */
  readonly why: string;
  readonly processed: number;
  readonly states: number;
  readonly loadMs: number;
  readonly verifyMs: number;
  /** Given to the kernel as webpf linked it. */
  readonly linked: boolean;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function kernelRow(loads: readonly KernelLoad[], linked: boolean): KernelRow | undefined {
  const last = loads.at(-1);
  if (last === undefined) return undefined;
  const tried = last.error === undefined && last.insnsProcessed !== undefined;
  const medianMs = (of: (load: KernelLoad) => number | undefined): number =>
    median(loads.map((load) => (of(load) ?? Number.NaN) / 1000));
  return {
    verdict: !tried ? 'not tried' : last.errno === 0 ? 'accept' : 'reject',
    why: tried ? '' : (last.error ?? `errno ${last.errno}`),
    processed: last.insnsProcessed ?? 0,
    states: last.totalStates ?? 0,
    loadMs: medianMs(({ loadUs }) => loadUs),
    verifyMs: medianMs(({ verifyUs }) => verifyUs),
    linked,
  };
}

/** Of the runs of both sides, at least one of ours. */
export function rowOf(
  subject: Subject,
  runs: readonly OurRun[],
  loads: readonly KernelLoad[],
  linked: boolean,
): Row {
  const times = runs.flatMap((run) => run.times);
  const last = runs.at(-1);
  return {
    object: objectName(subject),
    section: subject.program.section,
    program: subject.program.name,
    insns: subject.program.code.length / 8,
    verdict: last?.verdict ?? '',
    processed: last?.insnsProcessed ?? 0,
    states: last?.totalStates ?? 0,
    memory: Math.max(...runs.map(({ memory }) => memory)),
    ms: median(times.length > 1 ? times.slice(1) : times),
    firstMs: times[0] ?? Number.NaN,
    kernel: kernelRow(loads, linked),
  };
}

/** Both walked the program, and said the same. */
export const comparable = (row: Row): row is Row & { readonly kernel: KernelRow } =>
  row.kernel !== undefined && row.kernel.verdict === row.verdict && row.processed > 0;

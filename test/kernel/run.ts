import { SKB_DATA } from '../../src/abi/layout.ts';
import { MAP_TYPE_ARRAY } from '../../src/abi/maps.ts';
import type { MapSpec } from '../../src/frontend/program.ts';
import { assemble } from '../../src/isa/asm.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import type { Job } from '../nodiff/engines.ts';
import { functionInfo } from './btf.ts';
import { isRefusal, type KernelJudge, PROG_TYPE_SCHED_CLS, PROG_TYPE_XDP } from './kernel.ts';

/** What the kernel made of a job. */
export type KernelOutcome =
  | { readonly kind: 'rejected'; readonly log: string }
  | {
      readonly kind: 'ran';
      /** Unsigned 64 bits. */
      readonly r0: bigint;
      readonly data: Uint8Array;
      /** The judge's id of each of the job's maps. */
      readonly maps: readonly number[];
    };

/** BPF_PROG_TEST_RUN takes no packet without an Ethernet header. */
const SHORTEST = 14;
const EXIT = 0x95;

/**
 * A main program around the job's, which becomes a function of it: r1 and r2 are set as `context` says, and the
 * whole of r0 goes to a map, since a test run returns 32 bits.
 */
function wrapper(context: Job['context'], length: number, result: number): string {
  const offset = context === 'skb' ? SKB_DATA : 0;
  const memory = `
    r2 = *(u32 *)(r1 + ${offset + 4})
    r1 = *(u32 *)(r1 + ${offset})
    r3 = r1
    r3 += ${length}
    if r3 > r2 goto short
    r2 = ${length}`;
  return `${context === 'memory' ? memory : ''}
    call job
    r1 = map[fd:${result}][0]+0
    *(u64 *)(r1 + 0) = r0
    short:
    r0 = 0
    exit
    job:
    exit`;
}

/** References to maps by index become references by the judge's ids. */
export function withMapIds(insn: Insn, maps: readonly number[]): Insn {
  if (insn.kind !== 'lddw' || (insn.pseudo !== 5 && insn.pseudo !== 6)) return insn;
  return { ...insn, pseudo: insn.pseudo === 5 ? 1 : 2, lo: maps[insn.lo] ?? -1 };
}

function wrap(job: Job, length: number, result: number, maps: readonly number[]): Uint8Array {
  const outer = assemble(wrapper(job.context, length, result)).code;
  const body = decodeProgram(job.code).insns.filter((insn) => insn !== undefined);
  const inner = encode(body.map((insn) => withMapIds(insn, maps)));
  // The last slot of the wrapper only stands where the job begins.
  if (outer.at(-8) !== EXIT) throw new Error('the wrapper must end with exit');
  return Buffer.concat([outer.subarray(0, -8), inner]);
}

export async function createMap(judge: KernelJudge, spec: MapSpec): Promise<number> {
  const made = await judge.map(spec.type, spec.keySize, spec.valueSize, spec.maxEntries, spec.flags);
  if (isRefusal(made)) throw new Error(`the kernel refuses map ${spec.name}: errno ${made.errno}`);
  return made.id;
}

/** Runs a job once in the kernel. Maps stay until the judge is reset. */
export async function runInKernel(judge: KernelJudge, job: Job, data: Uint8Array): Promise<KernelOutcome> {
  const result = await judge.map(MAP_TYPE_ARRAY, 4, 8, 1, 0);
  if (isRefusal(result)) throw new Error(`no map for the result: errno ${result.errno}`);
  const maps: number[] = [];
  for (const spec of job.maps) maps.push(await createMap(judge, spec));
  const code = wrap(job, data.length, result.id, maps);
  const type = job.context === 'skb' ? PROG_TYPE_SCHED_CLS : PROG_TYPE_XDP;
  const loaded = await judge.load(type, code, functionInfo(code));
  if (isRefusal(loaded)) return { kind: 'rejected', log: loaded.log ?? `errno ${loaded.errno}` };
  return runLoaded(judge, loaded.id, data, result.id, maps);
}

async function runLoaded(
  judge: KernelJudge,
  program: number,
  data: Uint8Array,
  result: number,
  maps: readonly number[],
): Promise<KernelOutcome> {
  const padded = new Uint8Array(Math.max(SHORTEST, data.length));
  padded.set(data);
  const ran = await judge.run(program, padded);
  if (isRefusal(ran)) throw new Error(`the kernel loads the program but does not run it: errno ${ran.errno}`);
  const stored = await judge.lookup(result, new Uint8Array(4));
  if (isRefusal(stored)) throw new Error(`no result: errno ${stored.errno}`);
  const r0 = Buffer.from(stored.value, 'hex').readBigUInt64LE();
  return { kind: 'ran', r0, data: Buffer.from(ran.data, 'hex').subarray(0, data.length), maps };
}

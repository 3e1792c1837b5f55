/** What the Linux kernel says of a program. */
import { MAP_TYPE_PROG_ARRAY } from '../../src/abi/maps.ts';
import type { MapSpec, Program, ProgramType } from '../../src/frontend/program.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { functionInfo } from '../kernel/btf.ts';
import { isRefusal, KernelJudge } from '../kernel/kernel.ts';
import type { Subject } from './subject.ts';

/** enum bpf_prog_type. */
const TYPES: Partial<Record<ProgramType, number>> = {
  socket_filter: 1,
  kprobe: 2,
  sched_cls: 3,
  sched_act: 4,
  tracepoint: 5,
  xdp: 6,
  perf_event: 7,
  cgroup_skb: 8,
  raw_tracepoint: 17,
};

/** BPF_LOG_STATS: messages, without the states. */
const MESSAGES = 4;
const MAX_MAPS = 3000;
/** BPF_F_TEST_STATE_FREQ */
const TEST_STATE_FREQ = 1 << 3;
/** A refusal for which the kernel blames itself. */
const KERNEL_BUG = 'verifier bug: ';

type Asked = Pick<Subject, 'program' | 'stateFreq'>;

export interface KernelVerdict {
  readonly accepted: boolean;
  /** The last message of the log that is no statistics. */
  readonly message: string;
}

export class KernelSide {
  readonly #judge: KernelJudge;
  /** Ids of maps by what they are like: programs share them, for nothing runs. */
  readonly #maps = new Map<string, number>();

  private constructor(judge: KernelJudge) {
    this.#judge = judge;
  }

  /** @throws Error when bpf(2) does not answer */
  static async open(): Promise<KernelSide> {
    const judge = await KernelJudge.open();
    if (typeof judge === 'string') throw new Error(judge);
    return new KernelSide(judge);
  }

  close(): void {
    this.#judge.close();
  }

  /** Undefined where the kernel could not be asked: a type or a map that only libbpf could make. */
  async verdict(subject: Asked): Promise<KernelVerdict | undefined> {
    const answer = await this.#ask(subject, MESSAGES);
    if (answer === undefined || answer.log.includes(KERNEL_BUG)) return undefined;
    return { accepted: answer.errno === 0, message: messageOf(answer.log) || `errno ${answer.errno}` };
  }

  /** The whole log. */
  async log(subject: Asked): Promise<string> {
    return (await this.#ask(subject, 2))?.log ?? '';
  }

  async #ask({ program, stateFreq }: Asked, logLevel: number) {
    const type = TYPES[program.type];
    const code = type === undefined ? undefined : await this.#linked(program);
    if (type === undefined || code === undefined) return undefined;
    const flags = stateFreq ? TEST_STATE_FREQ : 0;
    return this.#judge.verify({ type, code, flags, logLevel, functions: functionInfo(code) });
  }

  /** Maps by the judge's ids instead of the program's indexes. */
  async #linked(program: Program): Promise<Uint8Array | undefined> {
    const insns: Insn[] = [];
    for (const insn of decodeProgram(program.code).insns) {
      if (insn === undefined) continue;
      if (insn.kind !== 'lddw' || (insn.pseudo !== 5 && insn.pseudo !== 6)) insns.push(insn);
      else {
        const spec = program.maps[insn.lo];
        const id = spec && (await this.#map(spec, program.type));
        if (id === undefined) return undefined;
        insns.push({ ...insn, pseudo: insn.pseudo === 5 ? 1 : 2, lo: id });
      }
    }
    return encode(insns);
  }

  async #map(spec: MapSpec, user: ProgramType): Promise<number | undefined> {
    const { type, keySize, valueSize, maxEntries, flags, data, frozen } = spec;
    // The first program that uses a prog_array decides the type of the others.
    const owner = type === MAP_TYPE_PROG_ARRAY ? user : '';
    const like = [type, keySize, valueSize, maxEntries, flags, data?.join(), frozen, owner].join(' ');
    const known = this.#maps.get(like);
    if (known !== undefined) return known;
    if (this.#maps.size >= MAX_MAPS) await this.#reset();
    const made = await this.#judge.map(type, keySize, valueSize, maxEntries, flags);
    if (isRefusal(made)) return undefined;
    if (data !== undefined) await this.#judge.update(made.id, new Uint8Array(4), data, 0);
    if (frozen) await this.#judge.freeze(made.id);
    this.#maps.set(like, made.id);
    return made.id;
  }

  async #reset(): Promise<void> {
    await this.#judge.reset();
    this.#maps.clear();
  }
}

const STATISTICS = /^(verification time|stack depth|processed \d+ insns|func#\d+ @\d+|insns_processed)/;

function messageOf(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !STATISTICS.test(line));
  return lines.at(-1) ?? '';
}

/** A message without its numbers, to count by. */
export const kindOfMessage = (message: string): string =>
  message
    .replace(/0x[0-9a-f]+/g, 'N')
    .replace(/-?\b\d+\b/g, 'N')
    .replace(/R\d+/g, 'R')
    .replace(/\bN(,N)*\b/g, 'N');

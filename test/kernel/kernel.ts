import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** enum bpf_prog_type: the types the judge runs. */
export const PROG_TYPE_SCHED_CLS = 3;
export const PROG_TYPE_XDP = 6;

const EXIT = '9500000000000000';
const RETURN_0 = `b700000000000000${EXIT}`;

export interface Refusal {
  readonly errno: number;
  /** The end of the verifier's log, for loads. */
  readonly log?: string;
}

export interface FunctionInfo {
  readonly btf: Uint8Array;
  /** struct bpf_func_info of each function: first instruction, BTF id. */
  readonly info: Uint8Array;
}

/** A program with everything the kernel's verifier looks at beside the code; absent numbers are 0. */
export interface Candidate {
  /** enum bpf_prog_type. */
  readonly type: number;
  readonly code: Uint8Array;
  /** enum bpf_attach_type. */
  readonly attachType?: number;
  /** BPF_F_SLEEPABLE and the like. */
  readonly flags?: number;
  /** BTF id of the attach target in the kernel. */
  readonly attachBtfId?: number;
  /** One word; GPL when absent. */
  readonly license?: string;
  /** 1 when absent; 2 prints every state, 4 statistics, 0 nothing. */
  readonly logLevel?: number;
  readonly functions?: FunctionInfo | undefined;
}

export interface Verdict {
  /** 0: accepted. */
  readonly errno: number;
  readonly log: string;
}

/** A map with BTF types of key and value (ids in `btf`). */
export interface TypedMap {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly keyTypeId: number;
  readonly valueTypeId: number;
  readonly btf: Uint8Array;
}

export type Answer<T> = T | Refusal;

export const isRefusal = (answer: object): answer is Refusal => 'errno' in answer;

export interface RunAnswer {
  /** 32 bits. */
  readonly retval: number;
  /** Hex of the packet after the run. */
  readonly data: string;
}

const hex = (bytes: Uint8Array): string => (bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex'));

/** The Linux kernel of this machine, asked through judge.c. Ids of maps and programs are the judge's own. */
export class KernelJudge {
  readonly #child: ChildProcessWithoutNullStreams;
  #ended = false;
  readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];

  private constructor(binary: string) {
    this.#child = spawn(binary, { stdio: ['pipe', 'pipe', 'pipe'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(line));
    this.#child.on('close', () => {
      this.#ended = true;
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the kernel judge ended'));
    });
    this.#child.stdin.on('error', () => undefined);
  }

  /** A judge, or the reason why this machine has none. */
  static async open(): Promise<KernelJudge | string> {
    const binary = compileJudge();
    if ('reason' in binary) return binary.reason;
    const judge = new KernelJudge(binary.path);
    const probe = await judge.load(PROG_TYPE_XDP, Buffer.from(RETURN_0, 'hex'));
    if (!isRefusal(probe)) return judge;
    judge.close();
    return `bpf(2) does not load programs here (errno ${probe.errno})`;
  }

  map(type: number, key: number, value: number, entries: number, flags: number, inner?: number, extra = 0n) {
    const words = [type, key, value, entries, flags, inner ?? '-', extra];
    return this.#ask<{ id: number }>(`map ${words.join(' ')}`);
  }
  typedMap(map: TypedMap) {
    const { type, keySize, valueSize, maxEntries, flags, keyTypeId, valueTypeId, btf } = map;
    const words = [type, keySize, valueSize, maxEntries, flags, keyTypeId, valueTypeId, hex(btf)];
    return this.#ask<{ id: number }>(`typed ${words.join(' ')}`);
  }
  /** The verdict and the whole log of a program that is not kept. */
  async verify(candidate: Candidate): Promise<Verdict> {
    const { type, code, attachType = 0, flags = 0, attachBtfId = 0, functions } = candidate;
    const { license = 'GPL', logLevel = 1 } = candidate;
    const extra = functions === undefined ? [] : [hex(functions.btf), hex(functions.info)];
    const words = [type, attachType, flags, attachBtfId, license, logLevel, hex(code), ...extra];
    const answer = await this.#ask<Verdict>(`verify ${words.join(' ')}`);
    return { errno: answer.errno, log: 'log' in answer && answer.log !== undefined ? answer.log : '' };
  }
  /** `functions`: BTF and its func_info, which the kernel wants of programs with callbacks. */
  load(type: number, code: Uint8Array, functions?: FunctionInfo) {
    const extra = functions === undefined ? '' : ` ${hex(functions.btf)} ${hex(functions.info)}`;
    return this.#ask<{ id: number; insns: number }>(`load ${type} ${hex(code)}${extra}`);
  }
  run(program: number, data: Uint8Array, repeat = 1) {
    return this.#ask<RunAnswer>(`run ${program} ${hex(data)} ${repeat}`);
  }
  lookup(map: number, key: Uint8Array) {
    return this.#ask<{ value: string }>(`lookup ${map} ${hex(key)}`);
  }
  /** BPF_MAP_LOOKUP_AND_DELETE_ELEM. */
  take(map: number, key: Uint8Array) {
    return this.#ask<{ value: string }>(`take ${map} ${hex(key)}`);
  }
  update(map: number, key: Uint8Array, value: Uint8Array, flags: number) {
    return this.#ask<{ ok: 1 }>(`update ${map} ${hex(key)} ${hex(value)} ${flags}`);
  }
  slot(map: number, key: Uint8Array, id: number) {
    return this.#ask<{ ok: 1 }>(`slot ${map} ${hex(key)} ${id} 0`);
  }
  delete(map: number, key: Uint8Array) {
    return this.#ask<{ ok: 1 }>(`delete ${map} ${hex(key)}`);
  }
  next(map: number, key: Uint8Array | undefined) {
    return this.#ask<{ key: string }>(`next ${map} ${key === undefined ? '-' : hex(key)}`);
  }
  /** From now on without CAP_PERFMON: the kernel applies the stricter rules (uninitialised stack, leaked pointers). */
  weaken() {
    return this.#ask<{ ok: 1 }>('weaken');
  }
  /** BPF_MAP_FREEZE. */
  freeze(map: number) {
    return this.#ask<{ ok: 1 }>(`freeze ${map}`);
  }
  /** Closes every map and program; ids start again at 0. */
  reset() {
    return this.#ask<{ ok: 1 }>('reset');
  }
  close(): void {
    this.#child.stdin.end();
  }

  #ask<T extends object>(command: string): Promise<Answer<T>> {
    return new Promise<string>((resolve, reject) => {
      if (this.#ended) return reject(new Error('the kernel judge ended'));
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${command}\n`);
    }).then((line) => JSON.parse(line) as Answer<T>);
  }
}

/** Compiles judge.c once per content into the temporary folder. */
function compileJudge(): { path: string } | { reason: string } {
  if (process.platform !== 'linux') return { reason: `no bpf(2) on ${process.platform}` };
  const source = join(import.meta.dirname, 'judge.c');
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `webpf-judge-${process.getuid?.() ?? 0}`);
  const path = join(folder, digest);
  if (existsSync(path)) return { path };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return compile(source, path);
}

function compile(source: string, path: string): { path: string } | { reason: string } {
  for (const compiler of ['cc', 'gcc', 'clang', 'clang-19']) {
    try {
      // Several test files may compile it at once: none must find it half written.
      const own = `${path}.${process.pid}`;
      execFileSync(compiler, ['-O1', '-o', own, source], { stdio: 'pipe' });
      renameSync(own, path);
      return { path };
    } catch {
      // Try the next compiler.
    }
  }
  return { reason: 'no C compiler here (cc, gcc, clang) that has linux/bpf.h' };
}

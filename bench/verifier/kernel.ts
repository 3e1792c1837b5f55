/** The Linux kernel of this machine, asked through kernel-load.c. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programFromBytes } from '../../src/index.ts';
import { linkedLines } from './linked.ts';
import type { Subject } from './subjects.ts';

/** What one program's loads took. */
export interface KernelLoad {
  /** 0: accepted. */
  readonly errno: number;
  /** Median. */
  readonly loadUs?: number;
  /** By the verifier's own clock: without the translation to machine code. */
  readonly verifyUs?: number;
  readonly insnsProcessed?: number;
  readonly totalStates?: number;
  /** Why it was not tried. */
  readonly error?: string;
}

interface Line extends KernelLoad {
  readonly section?: string;
  readonly program?: string;
}

const SOURCE = fileURLToPath(new URL('./kernel-load.c', import.meta.url));
const COMPILERS = ['cc', 'gcc', 'clang-19', 'clang'];
const OUTPUT = 1 << 28;
/** r0 = 0; exit */
const SMALLEST = Buffer.from('b7000000000000009500000000000000', 'hex');

const parse = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** '' when it compiled, else why not. */
function compile(binary: string): string {
  let why = 'no C compiler';
  for (const compiler of COMPILERS) {
    const { status, stderr } = spawnSync(compiler, ['-O2', '-o', binary, SOURCE, '-lbpf', '-lelf'], {
      encoding: 'utf8',
    });
    if (status === 0) return '';
    if (status !== null) why = `kernel-load.c does not compile (are libbpf and libelf there?):\n${stderr}`;
  }
  return why;
}

export class Kernel implements Disposable {
  private readonly folder: string;
  private readonly binary: string;
  /** Objects that libbpf cannot open, or programs it cannot load: those go in linked by webpf. */
  private readonly linked = new Set<Subject>();

  private constructor(folder: string, binary: string) {
    this.folder = folder;
    this.binary = binary;
  }

  /** The kernel, or why this machine has none to ask. */
  static open(): Kernel | string {
    const folder = mkdtempSync(join(tmpdir(), 'webpf-bench-'));
    const kernel = new Kernel(folder, join(folder, 'kernel-load'));
    const why = compile(kernel.binary) || kernel.whyNot();
    if (why === '') return kernel;
    kernel[Symbol.dispose]();
    return why;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** True for programs that the kernel was given as webpf linked them. */
  isLinked(subject: Subject): boolean {
    return this.linked.has(subject);
  }

  /** Loads programs of one object, each so many times. */
  measure(subjects: readonly Subject[], loads: number): Map<Subject, KernelLoad> {
    const results = this.throughLibbpf(
      subjects.filter((subject) => !this.linked.has(subject)),
      loads,
    );
    for (const subject of subjects) {
      const result = results.get(subject);
      if (result !== undefined && result.error === undefined) continue;
      this.linked.add(subject);
      results.set(subject, this.asLinked(subject, loads));
    }
    return results;
  }

  private throughLibbpf(subjects: readonly Subject[], loads: number): Map<Subject, KernelLoad> {
    const results = new Map<Subject, KernelLoad>();
    const [first] = subjects;
    if (first === undefined) return results;
    const wanted = subjects.flatMap(({ program: { type, name, section } }) => [
      '-p',
      `${type} ${name} ${section}`,
    ]);
    const lines = this.run(['-n', String(loads), ...wanted, first.path], '');
    for (const subject of subjects) {
      const { name, section } = subject.program;
      const line = lines.find((each) => each.program === name && each.section === section);
      if (line !== undefined) results.set(subject, line);
    }
    return results;
  }

  private asLinked({ program }: Subject, loads: number): KernelLoad {
    const [line] = this.run(['-n', String(loads), '-l'], linkedLines(program));
    return line ?? { errno: 0, error: 'kernel-load ended without an answer' };
  }

  private run(options: readonly string[], input: string): Line[] {
    const { stdout } = spawnSync(this.binary, options, { encoding: 'utf8', input, maxBuffer: OUTPUT });
    return parse(stdout.slice(0, stdout.lastIndexOf('\n') + 1));
  }

  /** '' when bpf(2) loads programs here. */
  private whyNot(): string {
    const program = { ...programFromBytes(SMALLEST), type: 'xdp' } as const;
    const { errno, error } = this.asLinked({ path: '', program, size: 0 }, 1);
    if (errno === 0 && error === undefined) return '';
    return `bpf(2) does not load programs here (${error ?? `errno ${errno}`})`;
  }
}

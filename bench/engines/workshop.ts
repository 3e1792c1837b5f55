/** Compiles what webpf is compared with, into a folder of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Candidate } from './outcome.ts';
import { serverCandidate } from './server.ts';
import { wasmCandidate } from './wasm.ts';

const native = fileURLToPath(new URL('../native/', import.meta.url));
const programs = fileURLToPath(new URL('../programs/', import.meta.url));
const CLANGS = ['clang-19', 'clang'];
/** Built-ins would turn loops into calls of memset, which the byte code does not have. */
const OPTIONS = ['-O2', '-w', '-fno-strict-aliasing', '-fno-builtin', `-I${programs}`];
const WASM = ['--target=wasm32', '-mbulk-memory', '-nostdlib', '-Wl,--no-entry'];

/** '' when it worked, else why not. */
function run(command: string, args: readonly string[]): string {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) return `${command} is not here`;
  return status === 0 ? '' : stderr.trim().split('\n').slice(0, 3).join(' ');
}

export class Workshop implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'webpf-bench-'));
  readonly #clang = CLANGS.find((name) => run(name, ['--version']) === '');
  readonly #made = new Map<string, string>();

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The program of that name in bench/programs, compiled for this machine. */
  async native(program: string, input: Uint8Array): Promise<Candidate> {
    const binary = this.#compile(program, `${program}.native`, 'native-run.c', []);
    return serverCandidate(binary, [this.#packet(input)]);
  }

  /** The same compiled to WebAssembly. */
  async wasm(program: string, input: Uint8Array): Promise<Candidate> {
    return wasmCandidate(this.#compile(program, `${program}.wasm`, 'wasm-run.c', WASM), input);
  }

  /** A program of an object in the running Linux kernel. */
  async kernel(object: string, program: string, input: Uint8Array): Promise<Candidate> {
    const binary = this.#make('kernel-run', (output) => this.#kernelRun(output));
    return serverCandidate(binary, [object, program, this.#packet(input)]);
  }

  #compile(program: string, name: string, source: string, options: readonly string[]): string {
    const defines = [`-DSOURCE="${program}.bpf.c"`, `-DPROGRAM_NAME=${program}`];
    return this.#make(name, (output) => {
      if (this.#clang === undefined) return 'there is no clang';
      return run(this.#clang, [...OPTIONS, ...options, ...defines, join(native, source), '-o', output]);
    });
  }

  #kernelRun(output: string): string {
    const compiler = ['cc', 'gcc', ...CLANGS].find((name) => run(name, ['--version']) === '');
    if (compiler === undefined) return 'there is no C compiler';
    return run(compiler, ['-O2', join(native, 'kernel-run.c'), '-o', output, '-lbpf', '-lelf']);
  }

  /** Makes a file once. */
  #make(name: string, make: (output: string) => string): string {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const output = join(this.#folder, name);
    const why = make(output);
    if (why !== '') throw new Error(why);
    this.#made.set(name, output);
    return output;
  }

  #packet(input: Uint8Array): string {
    const path = join(this.#folder, 'packet');
    writeFileSync(path, input);
    return path;
  }
}

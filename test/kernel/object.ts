import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a program of an object is given: a packet, or the context of a SYSCALL program. */
export interface ObjectInput {
  readonly kind: 'data' | 'ctx';
  readonly bytes: Uint8Array;
}

export interface ObjectAnswer {
  readonly retval: number;
  readonly data: Uint8Array;
  /** The object's map .bss after the run. */
  readonly bss: Uint8Array;
}

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

function compile(): string | undefined {
  const source = join(import.meta.dirname, 'object.c');
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `webpf-judge-${process.getuid?.() ?? 0}`);
  const path = join(folder, `object-${digest}`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const compiler of ['cc', 'clang', 'clang-19']) {
    try {
      const own = `${path}.${process.pid}`;
      execFileSync(compiler, ['-O1', '-o', own, source, '-lbpf'], { stdio: 'pipe' });
      renameSync(own, path);
      return path;
    } catch {
      // Try the next compiler.
    }
  }
  return undefined;
}

type Ask = (file: string, program: string, input: ObjectInput) => ObjectAnswer;

/** Runs programs of objects in the kernel of this machine through libbpf; the reason why not, where it cannot. */
export function kernelObjects(): Ask | string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'bpf(2) needs Linux and root';
  const path = compile();
  if (path === undefined) return 'no C compiler here that has libbpf';
  return (file, program, { kind, bytes }) => {
    const words = [file, program, kind, Buffer.from(bytes).toString('hex')];
    const answer = JSON.parse(execFileSync(path, words, { encoding: 'utf8' })) as Record<string, unknown>;
    if (typeof answer['error'] === 'string') throw new Error(`${program}: ${answer['error']}`);
    const { retval, data, bss } = answer;
    return { retval: Number(retval), data: bytesOf(String(data)), bss: bytesOf(String(bss)) };
  };
}

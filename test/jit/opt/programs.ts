/** XDP programs in assembly, through both engines in all modes, with optimisations and without. */
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  type BpfProgram,
  disassembleArtifact,
  Engine,
  type EngineKind,
  type Optimization,
  type Optimize,
  openIn,
  programFromAssembly,
  WebpfError,
} from '../../../src/index.ts';
import { Random } from '../../nodiff/random.ts';

const MODES = ['verified', 'trusted', 'sandbox'] as const;
export type Mode = (typeof MODES)[number];

/** r6 is the address of 64 bytes of packet; `out` is behind the body. Functions come last, by their labels. */
const programText = (body: string, functions: string): string => `
  r0 = 0
  r6 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r2 = r6
  r2 += 64
  if r2 > r3 goto out
  ${body}
out:
  exit
  ${functions}`;

/** Numbers of many kinds in r7 (64 bits), r8 (32) and r9 (8) and on the stack, and all of them in the result. */
export const observed = (statements: readonly string[]): string => `
  r7 = *(u64 *)(r6 + 0)
  r8 = *(u32 *)(r6 + 8)
  r9 = *(u8 *)(r6 + 12)
  *(u64 *)(r10 - 8) = r7
  *(u64 *)(r10 - 16) = r8
  ${statements.join('\n')}
  r0 = r7
  r0 *= 31
  r0 += r8
  r0 *= 31
  r0 += r9`;

const engines = new Map<string, Promise<Engine>>();

/** One engine for all programs that are run in the same way. */
function engineOf(mode: Mode, kind: EngineKind, optimize: Optimize): Promise<Engine> {
  const key = JSON.stringify([mode, kind, optimize]);
  const known = engines.get(key);
  if (known !== undefined) return known;
  const made = Engine.create({
    engine: kind,
    optimize,
    sandbox: mode === 'sandbox',
    trusted: mode === 'trusted',
    budget: 1_000_000,
  });
  engines.set(key, made);
  return made;
}

async function prepared(text: string, engine: Engine): Promise<BpfProgram> {
  const object = await openIn(engine, programFromAssembly(text, { type: 'xdp' }), { context: 'xdp' });
  return object.program();
}

const run = (
  program: BpfProgram,
  packet: Uint8Array,
): { r0: bigint | undefined; data: Uint8Array | undefined } => {
  const { results, packets } = program.runBatch([packet], { packets: true });
  return { r0: results[0], data: packets?.[0] };
};

const PACKETS: readonly Uint8Array[] = [
  new Random(1).bytes(64),
  new Random(2).bytes(64),
  new Uint8Array(64).fill(0xff),
  Uint8Array.from({ length: 64 }, (_, index) => (index % 8 === 0 ? 3 : 0)),
];

const isRejection = (error: unknown): boolean => error instanceof WebpfError && error.code === 'rejected';

/**
 * Runs the program in the interpreter, and translated with all optimisations, without any and without those of the
 * list; false when the verifier rejects it, which is left out then.
 */
export async function expectSame(
  body: string,
  { functions = '', without = [] }: { functions?: string; without?: readonly Optimization[] } = {},
): Promise<boolean> {
  const text = programText(body, functions);
  let isAccepted = true;
  for (const mode of MODES) {
    try {
      const interp = await prepared(text, await engineOf(mode, 'interp', true));
      expect(interp.mode).toBe(mode);
      const expected = PACKETS.map((packet) => run(interp, packet));
      for (const optimize of [true, { without }, false]) {
        const jit = await prepared(text, await engineOf(mode, 'jit', optimize));
        expect([mode, optimize, ...PACKETS.map((packet) => run(jit, packet))]).toEqual([
          mode,
          optimize,
          ...expected,
        ]);
      }
    } catch (error) {
      if (!isRejection(error)) throw error;
      isAccepted = false;
    }
  }
  return isAccepted;
}

/** Random programs of statements of the pool, and `last`, all of which the verifier accepts. */
export async function expectSameOf(
  pool: readonly string[],
  without: readonly Optimization[],
  numRuns = 10,
  last = '',
): Promise<void> {
  const statements = fc.array(fc.constantFrom(...pool), { minLength: 2, maxLength: 14, size: 'max' });
  await fc.assert(
    fc.asyncProperty(statements, async (all) => {
      expect(await expectSame(observed([...all, last]), { without })).toBe(true);
    }),
    { numRuns },
  );
}

/** The translation of a verified program: its functions by name, an instruction a line. */
export async function wasmOf(body: string, optimize: Optimize, functions = ''): Promise<Map<string, string>> {
  const program = programFromAssembly(programText(body, functions), { type: 'xdp', name: 'main' });
  const engine = await engineOf('verified', 'jit', optimize);
  const artifact = await (await openIn(engine, program, { context: 'xdp' })).artifact();
  return new Map(
    disassembleArtifact(artifact).map(({ name, insns }) => [name, insns.map(({ text }) => text).join('\n')]),
  );
}

/** The main function with all optimisations, and without one (and those that would do its work). */
export async function withAndWithout(
  body: string,
  without: readonly Optimization[],
  functions = '',
): Promise<{ optimised: string; plain: string }> {
  const optimised = (await wasmOf(body, true, functions)).get('main') ?? '';
  const plain = (await wasmOf(body, { without }, functions)).get('main') ?? '';
  return { optimised, plain };
}

/** How often the instruction is there. */
export const count = (wasm: string, insn: string): number =>
  wasm.split('\n').filter((line) => line === insn || line.startsWith(`${insn} `)).length;

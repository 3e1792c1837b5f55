import * as layout from '../../src/abi/layout.ts';
import {
  type BpfObject,
  type Engine,
  type EngineKind,
  type EngineOptions,
  type MapSpec,
  open,
  openIn,
  type ProgramType,
  programFromAssembly,
  WebpfError,
} from '../../src/index.ts';

export const engines: readonly EngineKind[] = ['jit', 'interp'];

/** What became of a hostile program: r0 in decimal, or the kind of the trap that stopped it. */
export type Fate = string;

export interface Attack extends EngineOptions {
  readonly type?: ProgramType;
  readonly maps?: readonly MapSpec[];
}

/** A sandboxed program in an engine of its own, or in one that exists. */
export async function attack(
  text: string,
  { type = 'unspec', maps = [], ...options }: Attack,
  engine?: Engine,
) {
  const program = programFromAssembly(text, { name: 'main', type, maps });
  const object = engine ? await openIn(engine, program) : await open(program, { sandbox: true, ...options });
  return { object, program: await object.program('main') };
}

type Hostile = Awaited<ReturnType<typeof attack>>;

/** Runs it over a packet. */
export function fateOf({ object, program }: Hostile, packet = new Uint8Array(64)): Fate {
  try {
    return String(program.run(packet).r0);
  } catch (error) {
    if (!(error instanceof WebpfError) || error.code !== 'trap') throw error;
    return trapName(object);
  }
}

const NAMES = [
  'none',
  'memory',
  'misaligned',
  'budget',
  'call-depth',
  'bad-map',
  'helper-memory',
  'bad-function',
  'bad-argument',
  'unsupported',
  'host',
];

function trapName({ engine }: BpfObject): string {
  const kind = engine.memory.u32(engine.run + layout.RUN_TRAP);
  return kind === 0 ? 'unrecorded' : (NAMES[kind] ?? String(kind));
}

/** Milliseconds that `work` takes. */
export function time(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

import { abi, type BpfObject, type EngineOptions, open, type Source, testRun } from '../../src/index.ts';
import { type Candidate, fnv1a } from './outcome.ts';

export const webpfEngines = {
  interp: { engine: 'interp' },
  'JIT unoptimised': { engine: 'jit', optimize: false },
  JIT: { engine: 'jit' },
} as const satisfies Record<string, EngineOptions>;

export type WebpfEngine = keyof typeof webpfEngines;

/** Makes room in the rings, which nobody reads here. */
function drainRings(object: BpfObject): void {
  for (const { name, type } of object.maps) {
    if (type !== abi.MAP_TYPE_RINGBUF) continue;
    const ring = object.ring(name);
    while (ring.read() !== undefined);
  }
}

/** A program in one of webpf's engines, given its packets as BPF_PROG_TEST_RUN gives them. */
export async function webpfCandidate(
  source: Source,
  name: string | undefined,
  input: Uint8Array,
  options: EngineOptions,
): Promise<Candidate> {
  const object = await open(source, options);
  const program = await object.program(name);
  const { r0, data, linkHeader } = testRun(program, input);
  return {
    inProcess: true,
    first: { r0, packet: fnv1a(data) },
    sample(runs) {
      const { nsPerRun } = program.repeat(input, runs, { linkHeader });
      drainRings(object);
      return nsPerRun;
    },
    [Symbol.dispose]: () => object[Symbol.dispose](),
  };
}

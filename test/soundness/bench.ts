/** Engines in which one program after the other gets its maps and a place, without an engine for each. */
import * as layout from '../../src/abi/layout.ts';
import { MAP_TYPE_RINGBUF } from '../../src/abi/maps.ts';
import { Engine, type EngineOptions, type RawMap, WebpfError } from '../../src/index.ts';
import type { Optimize } from '../../src/jit/opt/names.ts';
import { checkedInterpreter } from '../../src/runtime/checked.ts';
import { contextKindOf } from '../../src/runtime/context.ts';
import type { Placed } from '../../src/runtime/placed.ts';
import { finishProgram, interpreter, place } from '../../src/runtime/prepare.ts';
import { BpfProgram } from '../../src/runtime/program.ts';
import type { RunResult } from '../../src/runtime/result.ts';
import type { Proof } from '../../src/verifier/proof.ts';
import { Random } from '../nodiff/random.ts';
import type { Input } from './inputs.ts';
import { fill } from './maps.ts';
import type { Subject } from './subject.ts';

const MAX_MEMORY = 256 << 20;
/** Programs in one engine: what they have allocated is given up with it. */
const PROGRAMS = 150;
const TIME = 1_700_000_000_000_000_000n;
/** Large enough for all that the kernel accepts without helpers that loop. */
const BUDGET = 1_000_000;

export interface Ran {
  readonly result: RunResult;
  readonly maps: readonly Uint8Array[];
}

/** A program in its place, with maps of its own. */
export class Mounted {
  readonly #engine: Engine;
  readonly #program: BpfProgram;
  readonly #maps: readonly RawMap[];

  constructor(engine: Engine, program: BpfProgram, maps: readonly RawMap[]) {
    this.#engine = engine;
    this.#program = program;
    this.#maps = maps;
  }

  /** @throws WebpfError 'trap' */
  run({ packet, context, seed }: Input): Ran {
    const { memory, run } = this.#engine;
    fill(new Random(seed), this.#maps);
    memory.setU64(run + layout.RUN_RANDOM, BigInt(seed) * 0x1_0000_0001n + 1n);
    const stack = memory.u32(run + layout.RUN_STACK);
    memory.bytes.fill(0, stack, memory.u32(run + layout.RUN_STACK_TOP));
    const result = this.#program.run(packet, context);
    // Records of ring buffers begin with an address, which is another in each engine.
    const compared = this.#maps.filter(({ spec }) => spec.type !== MAP_TYPE_RINGBUF);
    return { result, maps: compared.map((map) => this.#values(map)) };
  }

  #values({ address }: RawMap): Uint8Array {
    const { memory } = this.#engine;
    const start = memory.u32(address + layout.MAP_VALUES);
    return memory.read(start, memory.u32(address + layout.MAP_VALUES_END) - start);
  }
}

export type BenchKind = 'checked' | 'interp' | 'jit';

const OPTIONS: Readonly<Record<BenchKind, EngineOptions>> = {
  checked: { engine: 'interp', sandbox: true },
  interp: { engine: 'interp', sandbox: true },
  jit: { engine: 'jit' },
};

export class Bench {
  readonly #kind: BenchKind;
  readonly #optimize: Optimize;
  #engine: Engine | undefined;
  #programs = 0;

  /** @param optimize of the JIT */
  constructor(kind: BenchKind, optimize: Optimize = true) {
    this.#kind = kind;
    this.#optimize = optimize;
  }

  /** @throws WebpfError when the runtime refuses the program or one of its maps */
  async mount({ program }: Subject, proof: Proof): Promise<Mounted> {
    const engine = await this.#current();
    const maps = program.maps.map((spec) => created(engine, spec));
    const own = maps.filter((map) => map !== undefined);
    const its = { own: own.length === maps.length ? own : missing(), granted: own };
    const placed =
      this.#kind === 'jit'
        ? place(engine, program, its, { contextKind: contextKindOf(program.type), proof })
        : place(engine, program, its);
    return new Mounted(engine, await this.#finish(engine, placed, proof), own);
  }

  async #finish(engine: Engine, placed: Placed, proof: Proof): Promise<BpfProgram> {
    // Programs may leave addresses behind: so that those are the same, all engines allocate the same.
    if (this.#kind !== 'interp') interpreter(engine, placed);
    if (this.#kind !== 'checked') return finishProgram(engine, placed);
    const executor = checkedInterpreter(engine, placed, proof, { poison: true });
    const identity = { id: placed.id, descriptor: placed.descriptor.address };
    return new BpfProgram(engine, placed.program, placed.contextKind, identity, executor);
  }

  async #current(): Promise<Engine> {
    if (this.#engine === undefined || this.#programs >= PROGRAMS) {
      this.#engine?.[Symbol.dispose]();
      const common = {
        maxMemory: MAX_MEMORY,
        cpus: 2,
        cpu: 1,
        time: TIME,
        budget: BUDGET,
        optimize: this.#optimize,
      };
      this.#engine = await Engine.create({ ...OPTIONS[this.#kind], ...common });
      this.#programs = 0;
    }
    this.#programs++;
    return this.#engine;
  }
}

const created = (engine: Engine, spec: RawMap['spec']): RawMap | undefined => {
  try {
    const map = engine.createMap(spec);
    if (spec.data !== undefined) engine.memory.write(map.valuesAddress, spec.data);
    return map;
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
};

function missing(): never {
  throw new WebpfError('bad-map', 'one of the maps cannot be made here', { stage: 'runtime' });
}

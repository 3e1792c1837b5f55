import { WebpfError } from '../errors.ts';
import { valueCodec } from '../frontend/btf/codec.ts';
import { findType } from '../frontend/btf/lookup.ts';
import type { MapSpec, ObjectFile, Program } from '../frontend/program.ts';
import type { Artifact } from '../jit/artifact.ts';
import type { CustomProgramType, ProgramTypeDefinition } from '../verifier/custom.ts';
import { type Admission, admit, type TypeChoice } from './admit.ts';
import { badArgument, integer, oneOf } from './argument.ts';
import { type TranslatedObject, writeTranslated } from './artifacts/file.ts';
import { u32Bytes } from './bytes.ts';
import { admitCached, canReuse } from './cache/admit.ts';
import { type ContextKind, contextCodes } from './context.ts';
import { grantMaps } from './descriptor.ts';
import type { Engine } from './engine.ts';
import { withKfuncs } from './kfuncs.ts';
import { createMaps, type MapSet } from './mapSet.ts';
import { Arena } from './maps/arena.ts';
import { BpfBloomFilter } from './maps/bloom.ts';
import { codecsOf } from './maps/codecs.ts';
import {
  isArena,
  isBloom,
  isKeyed,
  isPerf,
  isProgramArray,
  isQueue,
  isRing,
  isStructOps,
  isUserRing,
} from './maps/kinds.ts';
import type { BpfMap } from './maps/map.ts';
import { BpfQueue } from './maps/queue.ts';
import type { RawMap } from './maps/raw.ts';
import { PerfBuffer, RingBuffer, type TraceLog } from './maps/ring.ts';
import { typedMap } from './maps/typed.ts';
import { UserRing } from './maps/userRing.ts';
import { PacketBuffer, type PacketBufferOptions } from './packetBuffer.ts';
import type { Placed } from './placed.ts';
import { finishProgram, place } from './prepare.ts';
import type { BpfProgram } from './program.ts';
import { type SharedObject, shareObject } from './share/share.ts';
import { implementersOf, StructOps } from './structOps.ts';
import { type ArtifactOptions, translateFor } from './translated.ts';

export interface ObjectOptions {
  /** Global variables (`const volatile` in .rodata, .data, .bss) set before the load, by name. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** Maps made larger or smaller than the object says. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  /**
   * How programs see their events, where the type alone does not say it (`unspec` gets plain memory). A context that is
   * not the type's has programs run in the sandbox: no rules are known that they could be verified by.
   */
  readonly context?: ContextKind;
  /**
   * A program type of your own for all programs of the object, whatever their sections say. They are verified by its
   * rules, and the memory given to `run` is their context: r1 is its address.
   */
  readonly programType?: ProgramTypeDefinition | CustomProgramType;
  /**
   * A directory where translations are kept, and what the verifier has accepted: later starts neither verify nor
   * translate. Only for directories that nobody else writes to: what is found there is run. Default `false`: none.
   */
  readonly cache?: string | false;
}

/** Options whose program type has been checked: see checkOptions(). */
export interface CheckedOptions extends ObjectOptions {
  readonly programType?: CustomProgramType;
}

/** An object that another thread has opened in the same memory. */
export interface AdoptedObject {
  readonly maps: MapSet;
  readonly programs: ReadonlyMap<string, BpfProgram>;
}

function notShared(name: string): never {
  throw badArgument(`${name} was not loaded when its object was shared: ask for it before share()`);
}

const contextKinds = Object.keys(contextCodes) as ContextKind[];

/** An object file opened in an engine: its maps exist, its programs are prepared when they are asked for. */
export class BpfObject implements Disposable {
  readonly engine: Engine;
  readonly file: ObjectFile;
  readonly #options: CheckedOptions;
  readonly #ownsEngine: boolean;
  readonly #maps: MapSet;
  readonly #type: CustomProgramType | undefined;
  readonly #artifacts: ReadonlyMap<string, Artifact>;
  readonly #placing = new Map<string, Promise<Placed>>();
  readonly #placed: Placed[] = [];
  readonly #ready = new Map<string, Promise<BpfProgram>>();
  readonly #adopted: ReadonlyMap<string, BpfProgram> | undefined;

  /** @param adopted what is in the engine's memory already, where another thread has opened the object */
  constructor(
    engine: Engine,
    file: ObjectFile | TranslatedObject,
    options: CheckedOptions,
    ownsEngine: boolean,
    adopted?: AdoptedObject,
  ) {
    engine.assertOpen();
    if (adopted === undefined) engine.assertOwn('open objects');
    if (options.context !== undefined) oneOf('option context', options.context, contextKinds);
    this.engine = engine;
    this.file = adopted === undefined ? withKfuncs(file, engine.kfuncs) : file;
    this.#options = options;
    this.#ownsEngine = ownsEngine;
    this.#type = options.programType;
    this.#artifacts = 'artifacts' in file ? file.artifacts : new Map();
    this.#maps = adopted?.maps ?? createMaps(engine, file.maps, options);
    this.#adopted = adopted?.programs;
  }

  get programs(): readonly Program[] {
    return this.file.programs;
  }

  get maps(): readonly MapSpec[] {
    return this.file.maps;
  }

  /** What programs print with bpf_trace_printk: an async iterable of lines. */
  get trace(): TraceLog {
    return this.engine.trace;
  }

  /**
   * The program of that name (or the object's only one), verified and ready to run. With it come the programs that
   * its prog_array maps name. In a `verified` engine, programs whose type is not known (`unspec`), or that are given
   * another context than their type's, run in the sandbox: `program.mode` tells.
   * @throws WebpfError 'not-found'; 'rejected' when the verifier does not accept it, with the `Rejection` as cause
   * (outside of a verified engine 'bad-program' or 'bad-instruction' when its structure is wrong); 'missing-helper';
   * 'unsupported'.
   */
  async program(name?: string): Promise<BpfProgram> {
    this.engine.assertOpen();
    const wanted = this.#find(name);
    if (this.#adopted !== undefined) return this.#adopted.get(wanted.name) ?? notShared(wanted.name);
    const group = this.#tailCallGroup(wanted);
    for (const program of group) await this.#place(program);
    const ready = await Promise.all(group.map((program) => this.#finish(program)));
    for (const program of group) this.#fillProgramArrays(program, ready);
    return this.#finish(wanted);
  }

  /**
   * The translated program, and with it those that its prog_array maps name: `wasm` is what `webpf compile` writes, a
   * file that {@link open} takes in place of the object file. It holds the maps as they were created here (sizes,
   * global variables), and is right for those, and for engines that run it in the same mode, alone. Whoever opens it
   * trusts it as code: nothing of it is verified again.
   */
  async artifact(name?: string, options: ArtifactOptions = {}): Promise<Artifact> {
    const group = this.#tailCallGroup(this.#find(name));
    const placed: Placed[] = [];
    for (const program of group) placed.push(await this.#place(program));
    const artifacts = await Promise.all(
      placed.map((one) => translateFor(this.engine, one, one.proof, options)),
    );
    const [first, ...others] = artifacts;
    if (first === undefined) throw badArgument('there is no program to translate');
    return { info: first.info, wasm: writeTranslated(first, others, this.#contents(placed)) };
  }

  /**
   * What other threads need to run the programs that are loaded by now over the same maps: plain data for
   * `postMessage` and {@link openShared}. Needs shared memory (option `memory: 'shared'`) and a CPU for each thread
   * (option `cpus`). Afterwards nobody may load programs or make maps in this engine.
   * @throws WebpfError 'bad-argument' when the memory is not shared; 'unsupported' for flow dissectors, whose keys are
   * the engine's
   */
  async share(): Promise<SharedObject> {
    return shareObject(this.engine, this.file, this.#maps.all);
  }

  /** A map with keys and values decoded by BTF. */
  map<K = unknown, V = unknown>(name: string): BpfMap<K, V> {
    const raw = this.#maps.find(name, isKeyed, 'map with keys');
    return typedMap<K, V>(this.engine, raw);
  }

  /** A queue or stack map. */
  queue<V = unknown>(name: string): BpfQueue<V> {
    const raw = this.#maps.find(name, isQueue, 'queue or stack');
    return new BpfQueue<V>(raw, codecsOf(raw.spec, undefined));
  }

  /** The consumer of a ring buffer. `type` names the struct that its records are decoded to; without it, bytes. */
  ring<T = Uint8Array>(name: string, type?: string): RingBuffer<T> {
    const raw = this.#maps.find(name, isRing, 'ring buffer');
    return new RingBuffer<T>(this.engine, raw.address, raw.spec, this.#recordDecoder<T>(type));
  }

  /** The producer of a user ring buffer. */
  userRing(name: string): UserRing {
    const raw = this.#maps.find(name, isUserRing, 'user ring buffer');
    return new UserRing(this.engine, raw.address, raw.spec);
  }

  /** A bloom filter map. */
  bloom<V = unknown>(name: string): BpfBloomFilter<V> {
    const raw = this.#maps.find(name, isBloom, 'bloom filter');
    return new BpfBloomFilter<V>(raw, codecsOf(raw.spec, undefined));
  }

  /** The consumer of a perf event array, over all CPUs. */
  perfBuffer<T = Uint8Array>(name: string, type?: string): PerfBuffer<T> {
    const raw = this.#maps.find(name, isPerf, 'perf event array');
    return new PerfBuffer<T>(this.engine, raw.address, raw.spec, this.#recordDecoder<T>(type));
  }

  /** An arena: memory that programs and the host share. */
  arena(name?: string): Arena {
    const arenas = this.maps.filter(({ type }) => isArena(type));
    const raw = this.#maps.find(name ?? arenas[0]?.name ?? 'arena', isArena, 'arena');
    return new Arena(this.engine, raw, this.file.btf);
  }

  /**
   * A table of callbacks (struct_ops), with the programs that implement them verified and loaded.
   * @throws WebpfError as {@link program}
   */
  async structOps(name?: string): Promise<StructOps> {
    const tables = this.maps.filter(({ type }) => isStructOps(type)).map((spec) => spec.name);
    const [only] = tables;
    if (name === undefined && (only === undefined || tables.length > 1))
      throw badArgument(
        `name one of the object's tables of callbacks: ${tables.join(', ') || 'it has none'}`,
      );
    const { spec } = this.#maps.find(name ?? only ?? '', isStructOps, 'table of callbacks');
    const programs = await Promise.all(implementersOf(spec).map((program) => this.program(program)));
    return new StructOps(spec, programs);
  }

  /** Memory to read packets into that {@link BpfProgram.runBuffer} runs programs over without a copy. */
  packetBuffer(options: PacketBufferOptions): PacketBuffer {
    this.engine.assertOpen();
    return new PacketBuffer(this.engine.memory, options);
  }

  /** Puts a program into a prog_array, as a target of bpf_tail_call; `undefined` takes it out. */
  setTailCall(map: string, index: number, program: BpfProgram | undefined): void {
    const raw = this.#maps.find(map, isProgramArray, 'prog_array');
    integer(`the index in "${map}"`, index, 0, raw.spec.maxEntries - 1);
    if (program && !program.isOf(this.engine))
      throw badArgument(`${program.name} is a program of another engine`);
    if (program && !this.engine.connectTailCall(raw.address, program.descriptor)) {
      throw badArgument(
        `${program.name} cannot be a target of tail calls through "${map}", which is for programs of another type`,
      );
    }
    if (program) raw.update(u32Bytes(index), u32Bytes(program.descriptor));
    else raw.delete(u32Bytes(index));
  }

  /** Puts a map into an array or hash of maps; programs opened from this object may use it from then on. */
  setInnerMap(outer: string, key: Uint8Array, inner: RawMap): void {
    if (this.engine.mapAt(inner.address) !== inner) {
      throw badArgument(`map "${inner.spec.name}" is a map of another engine`);
    }
    this.engine.assertOwn('give programs other maps');
    const raw = this.#maps.setInner(outer, key, inner);
    for (const { maps, descriptor, regions } of this.#placed) {
      if (!maps.includes(raw)) continue;
      grantMaps(this.engine.memory, descriptor.address, this.#maps.granted(maps), regions);
    }
  }

  /**
   * Closes the engine (when it is this object's own): readers end, programs refuse to run. What an object has made
   * in another's engine ({@link openIn}) stays there until that engine is closed: open objects that come and go in
   * engines of their own.
   */
  [Symbol.dispose](): void {
    if (this.#ownsEngine) this.engine[Symbol.dispose]();
  }

  #recordDecoder<T>(type: string | undefined): (record: Uint8Array) => T {
    if (type === undefined) return (record) => record as T;
    const { btf } = this.file;
    const id = btf && findType(btf, type);
    if (!btf || id === undefined) {
      throw new WebpfError('not-found', `the object's BTF has no type "${type}"`, {
        stage: 'runtime',
        subject: type,
      });
    }
    const codec = valueCodec(btf, id);
    return (record) => codec.decode(record) as T;
  }

  #names(): string[] {
    return this.file.programs.map((program) => program.name);
  }

  #find(name: string | undefined): Program {
    return name === undefined ? this.#only() : this.#named(name);
  }

  #only(): Program {
    const { programs, refused } = this.file;
    // A translated program stands before those it leads to.
    if (programs[0] && (programs.length === 1 || 'artifacts' in this.file)) return programs[0];
    if (programs.length === 0 && refused[0]) throw refused[0].error;
    throw badArgument(`name one of the object's programs: ${this.#names().join(', ')}`);
  }

  #named(name: string): Program {
    const found = this.file.programs.find((program) => program.name === name);
    if (found) return found;
    const refused = this.file.refused.find(({ program }) => program === name);
    if (refused) throw refused.error;
    const known = this.#names().join(', ') || 'none';
    throw new WebpfError('not-found', `there is no program "${name}"; the object has ${known}`, {
      stage: 'runtime',
      subject: name,
    });
  }

  /** What is kept of the object for these programs: they, and their maps as they are here. */
  #contents(placed: readonly Placed[]): Omit<ObjectFile, 'name' | 'refused'> {
    const maps = new Map<string, MapSpec>();
    const add = (spec: MapSpec): void => {
      if (maps.has(spec.name)) return;
      maps.set(spec.name, spec);
      for (const { kind, name } of spec.slots ?? []) if (kind === 'map') add(this.#maps.find(name).spec);
    };
    for (const { program } of placed) program.maps.forEach(add);
    const programs = placed.map(({ program }) => program);
    return { programs, maps: [...maps.values()], license: this.file.license, btf: this.file.btf };
  }

  /** The program and every program it can reach through the initial slots of prog_array maps. */
  #tailCallGroup(first: Program): Program[] {
    const group = [first];
    for (const program of group) {
      const targets = program.maps
        .flatMap((map) => map.slots ?? [])
        .filter((slot) => slot.kind === 'program');
      for (const { name } of targets) {
        const target = this.#find(name);
        if (!group.includes(target)) group.push(target);
      }
    }
    return group;
  }

  #place(program: Program): Promise<Placed> {
    const known = this.#placing.get(program.name);
    if (known) return known;
    const placing = this.#admit(program).catch((error: unknown) => {
      this.#placing.delete(program.name);
      throw error;
    });
    this.#placing.set(program.name, placing);
    return placing;
  }

  async #admit(program: Program): Promise<Placed> {
    this.engine.assertOwn('load programs');
    const own = program.maps.map((spec) => this.#maps.find(spec.name));
    // As the maps are now: the verifier looks into read-only data, and the host has set variables and sizes.
    const type = this.#type === undefined ? program.type : 'unspec';
    const actual = { ...program, type, maps: own.map(({ spec }) => spec) };
    const { context } = this.#options;
    const admission = await this.#admission(actual, { context, programType: this.#type });
    this.engine.assertOpen();
    const maps = { own, granted: this.#maps.granted(own) };
    const placed = place(this.engine, actual, maps, admission);
    this.#placed.push(placed);
    return placed;
  }

  async #admission(program: Program, choice: TypeChoice): Promise<Admission> {
    const { engine } = this;
    // Who cannot use a translation verifies what it finds beside it.
    const isFor = engine.kind !== 'interp' && canReuse(engine);
    const own = isFor ? this.#artifacts.get(program.name) : undefined;
    const { cache = false } = this.#options;
    if (own !== undefined || cache === false) return await admit(engine, program, choice, own);
    return await admitCached(engine, program, choice, cache);
  }

  #finish(program: Program): Promise<BpfProgram> {
    const known = this.#ready.get(program.name);
    if (known) return known;
    const ready = this.#place(program).then((placed) => finishProgram(this.engine, placed));
    this.#ready.set(program.name, ready);
    return ready;
  }

  #fillProgramArrays(program: Program, ready: readonly BpfProgram[]): void {
    for (const map of program.maps) {
      for (const slot of map.slots ?? []) {
        const target = ready.find((one) => slot.kind === 'program' && one.name === slot.name);
        if (target) this.setTailCall(map.name, slot.index, target);
      }
    }
  }
}

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EBUSY, EEXIST, EINVAL, ENOENT } from '../abi/maps.ts';
import type { ObjectFile, Program } from '../frontend/program.ts';
import { Engine, type EngineOptions } from '../runtime/engine.ts';
import type { BpfMap } from '../runtime/maps/map.ts';
import { typedMap } from '../runtime/maps/typed.ts';
import type { RunInput } from '../runtime/program.ts';
import type { RunResult } from '../runtime/result.ts';
import { BtfObject, parseLoaded } from './btf.ts';
import { refuse } from './errors.ts';
import { type ObjectInfo, objGetInfoByFd } from './info.ts';
import { Kernel } from './kernel.ts';
import { LinkObject } from './links/link.ts';
import * as batch from './maps/batch.ts';
import { type MapCreate, mapCreate } from './maps/create.ts';
import * as elements from './maps/elements.ts';
import type { MapObject } from './maps/map.ts';
import { checkName } from './names.ts';
import { KernelObject, type ObjectKind } from './objects.ts';
import { readState, writeState } from './pins/file.ts';
import { takeLock } from './pins/lock.ts';
import { restoreState, type Saved, saveState } from './pins/state.ts';
import { type ProgLoad, progLoad } from './programs/load.ts';
import { type LoadedObject, loadObject, type ObjectLoadOptions } from './programs/object.ts';
import type { ProgObject } from './programs/prog.ts';
import { type ProgTestRun, type ProgTestRunResult, progTestRun } from './programs/testRun.ts';

export interface BpfOptions extends EngineOptions {
  /** Directory of what is pinned: made when it is not there, and found again by the next process. Default: none. */
  readonly pins?: string;
}

/** A pinned path is a name in the directory, with slashes. */
const PIN = /^[\w.-]+(\/[\w.-]+)*$/;

/** What ENABLE_STATS holds. */
class Statistics extends KernelObject {
  readonly kind = 'stats';
  readonly #end: () => void;

  constructor(end: () => void) {
    super(0);
    this.#end = end;
  }

  protected override release(): void {
    this.#end();
  }
}

/**
 * The commands of bpf(2) over one engine, with the kernel's names and meanings: objects have ids and live as long as a
 * descriptor, a pin, a link, a program or an entry of another map refers to them. What is refused is a WebpfError of code
 * 'syscall' with the kernel's error number.
 *
 * @example
 * const bpf = await Bpf.open({ pins: 'pins' });
 * const fd = bpf.mapCreate({ mapType: abi.MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 100, mapName: 'hosts' });
 * bpf.mapUpdateElem({ mapFd: fd, key, value });
 * bpf.objPin({ pathname: 'hosts', bpfFd: fd });
 * bpf.close(); // writes what is pinned
 */
export class Bpf implements Disposable {
  readonly engine: Engine;
  readonly #kernel: Kernel;
  readonly #pins: Map<string, KernelObject>;
  readonly #file: string | undefined;
  readonly #unlock: () => void;
  #isOpen = true;

  private constructor(engine: Engine, file: string | undefined, unlock: () => void) {
    this.engine = engine;
    this.#kernel = new Kernel(engine);
    this.#file = file;
    this.#unlock = unlock;
    const saved = file === undefined ? undefined : (readState(file) as Saved | undefined);
    this.#pins = saved === undefined ? new Map() : restoreState(this.#kernel, saved);
    for (const object of this.#pins.values()) object.addUser();
  }

  /**
   * @throws WebpfError 'file' when another process works on the directory, or what is there is damaged
   */
  static async open(options: BpfOptions = {}): Promise<Bpf> {
    const { pins, ...engineOptions } = options;
    if (pins === undefined) return new Bpf(await Engine.create(engineOptions), undefined, () => undefined);
    mkdirSync(pins, { recursive: true });
    const unlock = await takeLock(join(pins, 'lock'));
    try {
      return new Bpf(await Engine.create(engineOptions), join(pins, 'state'), unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  // ---- maps ----------------------------------------------------------------------------------------------

  /** @returns a descriptor */
  mapCreate(attr: MapCreate): number {
    return mapCreate(this.#live(), attr);
  }

  mapLookupElem(attr: elements.MapLookup): Uint8Array {
    return elements.mapLookupElem(this.#live(), attr);
  }

  mapUpdateElem(attr: elements.MapUpdate): void {
    elements.mapUpdateElem(this.#live(), attr);
  }

  mapDeleteElem(attr: elements.MapElem): void {
    elements.mapDeleteElem(this.#live(), attr);
  }

  mapLookupAndDeleteElem(attr: elements.MapElem): Uint8Array {
    return elements.mapLookupAndDeleteElem(this.#live(), attr);
  }

  mapGetNextKey(attr: Omit<elements.MapElem, 'flags'>): Uint8Array {
    return elements.mapGetNextKey(this.#live(), attr);
  }

  mapFreeze(attr: { readonly mapFd: number }): void {
    elements.mapFreeze(this.#live(), attr);
  }

  mapLookupBatch(attr: batch.MapBatch): batch.MapBatchResult {
    return batch.mapLookupBatch(this.#live(), attr);
  }

  mapLookupAndDeleteBatch(attr: batch.MapBatch): batch.MapBatchResult {
    return batch.mapLookupAndDeleteBatch(this.#live(), attr);
  }

  mapUpdateBatch(attr: batch.MapUpdateBatch): number {
    return batch.mapUpdateBatch(this.#live(), attr);
  }

  mapDeleteBatch(attr: { readonly mapFd: number; readonly keys: readonly Uint8Array[] }): number {
    return batch.mapDeleteBatch(this.#live(), attr);
  }

  // ---- programs ------------------------------------------------------------------------------------------

  /** Verifies and loads a program. @returns a descriptor */
  progLoad(attr: ProgLoad): Promise<number> {
    return progLoad(this.#live(), attr);
  }

  /**
   * Loads the programs of an object file with their maps, as bpf_object__load of libbpf.
   * @example
   * const { progs, maps } = await bpf.loadObject(await readObject('flows.bpf.o'));
   */
  loadObject(file: ObjectFile, options: ObjectLoadOptions = {}): Promise<LoadedObject> {
    return loadObject(this.#live(), file, options);
  }

  /** The program as it was loaded. */
  program({ progFd }: { readonly progFd: number }): Program {
    return (this.#live().fds.get('PROG', progFd, 'prog').object as ProgObject).program;
  }

  /**
   * The map with keys and values of its BTF types, where it has any. It is the host's own: what descriptors and
   * MAP_FREEZE forbid does not bind it.
   */
  map<K = unknown, V = unknown>({ mapFd }: { readonly mapFd: number }): BpfMap<K, V> {
    const { raw } = this.#live().fds.get('MAP', mapFd, 'map').object as MapObject;
    return typedMap<K, V>(this.engine, raw);
  }

  progTestRun(attr: ProgTestRun): Promise<ProgTestRunResult> {
    return progTestRun(this.#live(), attr);
  }

  /**
   * Takes what the program has printed with bpf_stream_printk.
   * @param streamId BPF_STDOUT (1) or BPF_STDERR (2)
   * @returns `size` bytes at most
   */
  async progStreamReadByFd({
    progFd,
    streamId,
    size,
  }: {
    readonly progFd: number;
    readonly streamId: number;
    readonly size: number;
  }): Promise<Uint8Array> {
    const { fds, engine } = this.#live();
    const prog = fds.get('PROG_STREAM_READ_BY_FD', progFd, 'prog').object as ProgObject;
    const stream = (['stdout', 'stderr'] as const)[streamId - 1];
    if (stream === undefined)
      return refuse('PROG_STREAM_READ_BY_FD', ENOENT, `a program has the streams 1 and 2, not ${streamId}`);
    const { descriptor } = await prog.ready();
    return engine.streams.read(descriptor, stream, size);
  }

  /** The map lives as long as the program from now on. */
  progBindMap({ progFd, mapFd }: { readonly progFd: number; readonly mapFd: number }): void {
    const { fds } = this.#live();
    const prog = fds.get('PROG_BIND_MAP', progFd, 'prog').object as ProgObject;
    prog.bind(fds.get('PROG_BIND_MAP', mapFd, 'map').object as MapObject);
  }

  // ---- links ---------------------------------------------------------------------------------------------

  /** Attaches a program to a hook that the host fires by its name. @returns a descriptor of the link */
  linkCreate({
    progFd,
    target,
    attachType = '',
  }: {
    readonly progFd: number;
    readonly target: string;
    readonly attachType?: string;
  }): number {
    const kernel = this.#live();
    const prog = kernel.fds.get('LINK_CREATE', progFd, 'prog').object as ProgObject;
    if (target === '') refuse('LINK_CREATE', EINVAL, 'a link needs the name of a hook as its target');
    return kernel.fds.add(new LinkObject(kernel, kernel.links.take(), { prog, target, attachType }));
  }

  linkUpdate({
    linkFd,
    newProgFd,
    oldProgFd,
  }: {
    readonly linkFd: number;
    readonly newProgFd: number;
    /** With BPF_F_REPLACE: only where this is the program now. */
    readonly oldProgFd?: number;
  }): void {
    const { fds } = this.#live();
    const link = fds.get('LINK_UPDATE', linkFd, 'link').object as LinkObject;
    const prog = fds.get('LINK_UPDATE', newProgFd, 'prog').object as ProgObject;
    const old =
      oldProgFd === undefined ? undefined : (fds.get('LINK_UPDATE', oldProgFd, 'prog').object as ProgObject);
    link.update(prog, old);
  }

  linkDetach({ linkFd }: { readonly linkFd: number }): void {
    (this.#live().fds.get('LINK_DETACH', linkFd, 'link').object as LinkObject).detach();
  }

  /** Runs all programs that are linked to the hook over an event, in the order of their links. */
  async fire(target: string, input: RunInput): Promise<readonly RunResult[]> {
    const kernel = this.#live();
    const results: RunResult[] = [];
    for (const { prog } of kernel.hooks.get(target) ?? []) {
      const program = await prog.ready();
      const started = performance.now();
      results.push(program.run(input));
      kernel.count(prog, 1, performance.now() - started);
    }
    return results;
  }

  /** PROG_QUERY: ids of the programs that are linked to a hook, in the order in which they run. */
  progQuery({ target }: { readonly target: string }): readonly number[] {
    return (this.#live().hooks.get(target) ?? []).map(({ prog }) => prog.id);
  }

  // ---- all objects ---------------------------------------------------------------------------------------

  /** Loads types. @returns a descriptor */
  btfLoad({ btf, name = '' }: { readonly btf: Uint8Array; readonly name?: string }): number {
    const { btfs, fds } = this.#live();
    const parsed = parseLoaded(btf);
    checkName('BTF_LOAD', name);
    return fds.add(new BtfObject(btfs, btfs.take(), { ...parsed, bytes: btf.slice(), name }));
  }

  /** The smallest id after `startId`. */
  getNextId(kind: ObjectKind, startId = 0): number {
    return (
      this.#table(kind).after(startId) ??
      refuse(`${kind.toUpperCase()}_GET_NEXT_ID`, ENOENT, `no ${kind} has an id after ${startId}`)
    );
  }

  /** @returns a new descriptor of the object with that id */
  getFdById(kind: ObjectKind, id: number): number {
    const object =
      this.#table(kind).get(id) ??
      refuse(`${kind.toUpperCase()}_GET_FD_BY_ID`, ENOENT, `there is no ${kind} with id ${id}`);
    return this.#kernel.fds.add(object);
  }

  objGetInfoByFd({ bpfFd }: { readonly bpfFd: number }): ObjectInfo {
    return objGetInfoByFd(this.#live(), bpfFd);
  }

  /** Counts runs of programs and their time, until the descriptor is closed. */
  enableStats(): number {
    const kernel = this.#live();
    kernel.statistics++;
    return kernel.fds.add(
      new Statistics(() => {
        kernel.statistics--;
      }),
    );
  }

  /** Gives an object a name that keeps it alive, and with a directory of pins beyond this process. */
  objPin({ pathname, bpfFd }: { readonly pathname: string; readonly bpfFd: number }): void {
    const { object } = this.#live().fds.any('OBJ_PIN', bpfFd);
    if (object.kind === 'stats') refuse('OBJ_PIN', EINVAL, 'descriptors of ENABLE_STATS cannot be pinned');
    if (!PIN.test(pathname))
      refuse(
        'OBJ_PIN',
        EINVAL,
        `"${pathname}" must be names of letters, digits, "_", "." and "-", with slashes between`,
      );
    if (this.#pins.has(pathname)) refuse('OBJ_PIN', EEXIST, `"${pathname}" is pinned already`);
    object.addUser();
    this.#pins.set(pathname, object);
    this.sync();
  }

  /** @returns a new descriptor of what is pinned there */
  objGet({ pathname }: { readonly pathname: string }): number {
    const object =
      this.#pins.get(pathname) ?? refuse('OBJ_GET', ENOENT, `nothing is pinned at "${pathname}"`);
    return this.#live().fds.add(object);
  }

  /** What unlink(2) does in bpffs. */
  unpin(pathname: string): void {
    const object = this.#pins.get(pathname) ?? refuse('unlink', ENOENT, `nothing is pinned at "${pathname}"`);
    this.#pins.delete(pathname);
    object.dropUser();
    this.sync();
  }

  /** Names of what is pinned. */
  get pinned(): ReadonlyMap<string, Pick<KernelObject, 'kind' | 'id'>> {
    return this.#pins;
  }

  /** Gives a descriptor back. */
  closeFd(fd: number): void {
    this.#live().fds.close(fd).dropUser();
  }

  /** Writes what is pinned, as it is now; without a directory of pins, nothing. */
  sync(): void {
    if (this.#file !== undefined) writeState(this.#file, saveState(this.#kernel, this.#pins));
  }

  /** Writes what is pinned, gives all descriptors back, and the directory to the next process. */
  close(): void {
    if (!this.#isOpen) return;
    try {
      this.sync();
    } finally {
      this.#isOpen = false;
      this.#unlock();
      this.engine[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #live(): Kernel {
    if (!this.#isOpen) refuse('bpf', EBUSY, 'this has been closed');
    return this.#kernel;
  }

  #table(kind: ObjectKind) {
    const { maps, progs, btfs, links } = this.#live();
    return { map: maps, prog: progs, btf: btfs, link: links }[kind];
  }
}

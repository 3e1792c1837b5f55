import * as layout from '../../abi/layout.ts';
import { BPF_F_RDONLY, BPF_F_RDONLY_PROG, BPF_F_WRONLY, MAP_TYPE_PROG_ARRAY } from '../../abi/maps.ts';
import type { MapSpec } from '../../frontend/program.ts';
import type { Engine } from '../../runtime/engine.ts';
import { isMapOfMaps, isProgramArray } from '../../runtime/maps/kinds.ts';
import type { RawMap } from '../../runtime/maps/raw.ts';
import type { BtfObject } from '../btf.ts';
import { type IdTable, KernelObject } from '../objects.ts';
import type { ProgObject } from '../programs/prog.ts';

/** What an entry of a prog_array or of a map of maps leads to. */
export type Target = ProgObject | MapObject;

/** What programs must have in common to be in one prog_array: the first decides. */
export interface Owner {
  readonly type: string;
  readonly attachType: string;
  readonly frags: boolean;
}

interface MapParts {
  readonly spec: MapSpec;
  readonly btf: BtfObject | undefined;
  readonly frozen?: boolean;
  readonly raw: RawMap;
}

/** BPF_F_RDONLY and BPF_F_WRONLY are the descriptor's that MAP_CREATE returns: others of the same map may do more. */
function forAllDescriptors({ memory }: Engine, raw: RawMap): void {
  const at = raw.address + layout.MAP_FLAGS;
  memory.setU32(at, memory.u32(at) & ~(BPF_F_RDONLY | BPF_F_WRONLY));
}

const text = (key: Uint8Array): string => Buffer.from(key).toString('latin1');

/** A map by its number. */
export class MapObject extends KernelObject {
  readonly kind = 'map';
  readonly spec: MapSpec;
  readonly btf: BtfObject | undefined;
  /** What its entries lead to, by the bytes of the key; for prog_arrays and maps of maps alone. */
  readonly entries: Map<string, Target> | undefined;
  frozen: boolean;
  owner: Owner | undefined;
  readonly raw: RawMap;
  readonly #engine: Engine;
  readonly #table: IdTable<MapObject>;
  /** Descriptors and pins. */
  #users = 0;

  constructor(engine: Engine, table: IdTable<MapObject>, id: number, parts: MapParts) {
    super(id);
    this.#engine = engine;
    this.#table = table;
    this.spec = parts.spec;
    this.btf = parts.btf;
    this.frozen = parts.frozen ?? false;
    this.entries = isProgramArray(this.spec.type) || isMapOfMaps(this.spec.type) ? new Map() : undefined;
    this.raw = parts.raw;
    engine.memory.setU32(this.raw.address + layout.MAP_ID, id);
    forAllDescriptors(engine, this.raw);
    this.btf?.hold();
    table.add(this);
  }

  /** As the verifier is told of it: nobody changes what is frozen and read-only for programs. */
  get verified(): MapSpec {
    const { spec } = this;
    const constant = this.frozen && (spec.flags & BPF_F_RDONLY_PROG) !== 0;
    if (!constant) return { ...spec, frozen: undefined, data: undefined };
    return { ...spec, frozen: true, data: this.raw.lookup(new Uint8Array(spec.keySize)) };
  }

  override addUser(): void {
    this.hold();
    this.#users++;
  }

  /** Without users nobody can fill a prog_array any more: it is emptied, so that programs in it can go. */
  override dropUser(): void {
    this.#users--;
    if (this.#users === 0 && this.spec.type === MAP_TYPE_PROG_ARRAY) this.#dropEntries(true);
    this.drop();
  }

  entryAt(key: Uint8Array): Target | undefined {
    return this.entries?.get(text(key));
  }

  /** Notes what the entry leads to now; undefined: nothing. */
  setEntry(key: Uint8Array, target: Target | undefined): void {
    const at = text(key);
    const old = this.entries?.get(at);
    target?.hold();
    if (target === undefined) this.entries?.delete(at);
    else this.entries?.set(at, target);
    old?.drop();
  }

  /** Key bytes and targets. */
  *targets(): Generator<[Uint8Array, Target]> {
    for (const [key, target] of this.entries ?? [])
      yield [new Uint8Array(Buffer.from(key, 'latin1')), target];
  }

  #dropEntries(fromMemory: boolean): void {
    for (const [key, target] of [...this.targets()]) {
      if (fromMemory) this.raw.delete(key);
      this.entries?.delete(text(key));
      target.drop();
    }
  }

  protected override release(): void {
    this.#table.remove(this.id);
    this.#engine.destroyMap(this.raw);
    this.#dropEntries(false);
    this.btf?.drop();
  }
}

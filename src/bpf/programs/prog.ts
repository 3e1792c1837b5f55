import * as layout from '../../abi/layout.ts';
import { EINVAL, MAP_TYPE_PROG_ARRAY } from '../../abi/maps.ts';
import type { Program } from '../../frontend/program.ts';
import { u32Bytes } from '../../runtime/bytes.ts';
import { grantMaps } from '../../runtime/descriptor.ts';
import type { BpfProgram } from '../../runtime/program.ts';
import { unload } from '../../runtime/unload.ts';
import type { BtfObject } from '../btf.ts';
import { refuse } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import type { MapObject, Owner } from '../maps/map.ts';
import { KernelObject } from '../objects.ts';
import { grantedMaps, type Prepared, prepare } from './prepare.ts';
import { tagOf } from './tag.ts';

export interface ProgParts {
  /** References to maps are indexes into `maps`. */
  readonly program: Program;
  readonly maps: readonly MapObject[];
  readonly btf: BtfObject | undefined;
  /** When it was loaded first, ns since the epoch. */
  readonly loadedAt: bigint;
  /** Name as the kernel has it. */
  readonly name: string;
}

/** A program by its number. */
export class ProgObject extends KernelObject {
  readonly kind = 'prog';
  readonly name: string;
  readonly program: Program;
  readonly maps: MapObject[];
  readonly btf: BtfObject | undefined;
  readonly loadedAt: bigint;
  readonly tag: string;
  /** Counted while statistics are enabled. */
  runs = 0n;
  runTime = 0n;
  readonly #kernel: Kernel;
  #ready: Promise<Prepared> | undefined;
  #prepared: Prepared | undefined;

  constructor(kernel: Kernel, id: number, parts: ProgParts) {
    super(id);
    this.#kernel = kernel;
    this.program = parts.program;
    this.name = parts.name;
    this.maps = [...parts.maps];
    this.btf = parts.btf;
    this.loadedAt = parts.loadedAt;
    this.tag = tagOf(parts.program.code);
    for (const map of this.maps) map.hold();
    this.btf?.hold();
    kernel.progs.add(this);
  }

  /** Undefined until it is in linear memory: programs found in a directory of pins get there when they are run. */
  get prepared(): Prepared | undefined {
    return this.#prepared;
  }

  get asOwner(): Owner {
    const { type, attachType = '', frags } = this.program;
    return { type, attachType, frags };
  }

  /**
   * The program ready to run, and with it all that its tail calls may lead to.
   * @throws WebpfError 'rejected' and the like, as BpfObject.program
   */
  async ready(): Promise<BpfProgram> {
    for (const one of this.#reachable()) await one.#prepare();
    return (await this.#prepare()).program;
  }

  /** Takes over a program that was prepared by another loader. */
  adopt(prepared: Prepared): void {
    this.#ready = Promise.resolve(prepared);
    this.#take(prepared);
  }

  /** Address for an entry of that prog_array; undefined while the program is not in memory. */
  connect(map: MapObject): number | undefined {
    if (this.#prepared === undefined) return undefined;
    const { address } = this.#prepared.placed.descriptor;
    if (!this.#kernel.engine.connectTailCall(map.raw.address, address))
      refuse(
        'MAP_UPDATE_ELEM',
        EINVAL,
        `program "${this.name}" is of another kind than those of "${map.spec.name}"`,
      );
    return address;
  }

  bind(map: MapObject): void {
    if (this.maps.includes(map)) return;
    map.hold();
    this.maps.push(map);
  }

  /** Sandboxed programs reach the memory that they are given, and maps inside others come and go. */
  grant(): void {
    if (this.#prepared === undefined) return;
    const { descriptor, regions } = this.#prepared.placed;
    const maps = grantedMaps(this.maps).map(({ raw }) => raw);
    grantMaps(this.#kernel.engine.memory, descriptor.address, maps, regions);
  }

  #prepare(): Promise<Prepared> {
    this.#ready ??= prepare(this.#kernel.engine, this.program, this.maps).then(
      (prepared) => {
        this.#take(prepared);
        return prepared;
      },
      (error: unknown) => {
        this.#ready = undefined;
        throw error;
      },
    );
    return this.#ready;
  }

  #take(prepared: Prepared): void {
    const { engine, running } = this.#kernel;
    this.#prepared = prepared;
    const { address } = prepared.placed.descriptor;
    engine.memory.setU32(address + layout.PROG_ID, this.id);
    running.set(address, this);
    this.#enterArrays();
  }

  /** Entries that were made before the program was in memory. */
  #enterArrays(): void {
    for (const map of this.#kernel.maps.values()) {
      if (map.spec.type !== MAP_TYPE_PROG_ARRAY) continue;
      for (const [key, target] of map.targets()) {
        const address = target === this ? this.connect(map) : undefined;
        if (address !== undefined) map.raw.update(key, u32Bytes(address));
      }
    }
  }

  #reachable(): Set<ProgObject> {
    const found = new Set<ProgObject>([this]);
    for (const prog of found) {
      for (const map of prog.maps)
        for (const [, target] of map.targets()) if (target.kind === 'prog') found.add(target);
    }
    return found;
  }

  protected override release(): void {
    this.#kernel.progs.remove(this.id);
    if (this.#prepared !== undefined) {
      const { placed, program } = this.#prepared;
      this.#kernel.running.delete(placed.descriptor.address);
      unload(this.#kernel.engine, placed, program);
    }
    for (const map of this.maps) map.drop();
    this.btf?.drop();
  }
}

import * as layout from '../../abi/layout.ts';
import { ARENA_PAGE } from '../../abi/maps.ts';
import { WebpfError } from '../../errors.ts';
import { type BtfValue, valueCodec } from '../../frontend/btf/codec.ts';
import { findType, typeById } from '../../frontend/btf/lookup.ts';
import type { Btf } from '../../frontend/btf/types.ts';
import { badArgument, packetBytes } from '../argument.ts';
import type { LinearMemory } from '../memory.ts';
import type { Exports } from '../wasm.ts';
import type { RawMap } from './raw.ts';

const VARIABLES = '.addr_space.1';

/** What an arena needs of its engine. */
export interface ArenaHost {
  readonly memory: LinearMemory;
  readonly exports: Exports;
}

interface Variable {
  readonly address: number;
  readonly type: number;
}

/**
 * Memory that programs allocate by pages, and that the host reads and writes at the addresses they keep there
 * (BPF_MAP_TYPE_ARENA). A pointer is the address in the engine's memory, its upper half 0.
 */
export class Arena {
  readonly name: string;
  /** Address of its first byte. */
  readonly start: number;
  /** All of it, in pages of 4096 bytes. */
  readonly pages: number;
  readonly #host: ArenaHost;
  readonly #map: RawMap;
  readonly #btf: Btf | undefined;

  /** @param btf types of the object that the arena is of */
  constructor(host: ArenaHost, map: RawMap, btf: Btf | undefined) {
    this.#host = host;
    this.#map = map;
    this.#btf = btf;
    this.name = map.spec.name;
    this.pages = map.spec.maxEntries;
    this.start = host.memory.u32(map.address + layout.MAP_VALUES);
  }

  /** Pages that are allocated. */
  get allocated(): number {
    return this.#host.memory.u32(this.#map.address + layout.MAP_COUNT);
  }

  /**
   * A copy of `size` bytes. As with the kernel's, to touch a page allocates it.
   * @throws WebpfError 'bad-argument' for addresses that are not the arena's
   */
  read(address: number | bigint, size: number): Uint8Array {
    return this.#host.memory.read(this.#touch(address, size), size);
  }

  /** Overwrites bytes: as {@link read}. */
  write(address: number | bigint, bytes: Uint8Array): void {
    const { length } = packetBytes(bytes);
    this.#host.memory.write(this.#touch(address, length), bytes);
  }

  /** What is at an address, as a struct of the object's types. */
  decode(address: number | bigint, struct: string): BtfValue {
    const id = this.#btf && findType(this.#btf, struct);
    if (this.#btf === undefined || id === undefined)
      throw notFound(`the object's BTF has no type "${struct}"`, struct);
    const codec = valueCodec(this.#btf, id);
    return codec.decode(this.read(address, codec.size));
  }

  /** Where a global variable of the arena lies. */
  addressOf(variable: string): number {
    return this.#variable(variable).address;
  }

  /** A global variable of the arena. */
  get(variable: string): BtfValue {
    const { address, type } = this.#variable(variable);
    const codec = valueCodec(this.#btf as Btf, type);
    return codec.decode(this.read(address, codec.size));
  }

  set(variable: string, value: unknown): void {
    const { address, type } = this.#variable(variable);
    this.write(address, valueCodec(this.#btf as Btf, type).encode(value));
  }

  #touch(address: number | bigint, size: number): number {
    const at = Number(BigInt.asUintN(32, BigInt(address)));
    if (size >= 0 && size <= 0xffff_ffff && this.#host.exports.arenaTouch(this.#map.address, at, size) !== 0)
      return at;
    const end = this.start + this.pages * ARENA_PAGE;
    throw badArgument(
      `${size} bytes at 0x${at.toString(16)} are not in arena ${this.name} (0x${this.start.toString(16)} to 0x${end.toString(16)})`,
    );
  }

  #variable(name: string): Variable {
    const btf = this.#btf;
    const section = btf?.types.find((type) => type.kind === 'datasec' && type.name === VARIABLES);
    const variables = section?.kind === 'datasec' ? section.variables : [];
    for (const { type, offset } of variables) {
      const variable = btf && typeById(btf, type);
      if (variable?.kind === 'var' && variable.name === name)
        return { address: this.start + offset, type: variable.type };
    }
    throw notFound(`arena ${this.name} has no global variable "${name}"`, name);
  }
}

function notFound(message: string, subject: string): WebpfError {
  return new WebpfError('not-found', message, { stage: 'runtime', subject });
}

/** Puts the variables of an object into its arena. */
export function fillArena({ memory, exports }: ArenaHost, map: RawMap, data: Uint8Array): void {
  const start = memory.u32(map.address + layout.MAP_VALUES);
  exports.arenaTouch(map.address, start, data.length);
  memory.write(start, data);
}

import * as layout from '../abi/layout.ts';
import * as abi from '../abi/maps.ts';
import type { RawMap } from './maps/raw.ts';
import type { LinearMemory } from './memory.ts';

/** What a program descriptor is made of. */
export interface DescriptorInput {
  readonly id: number;
  /** enum bpf_prog_type. */
  readonly type: number;
  readonly slots: number;
  readonly mainSlots: number;
  readonly contextCode: number;
  readonly sandbox: boolean;
  /** Programs of its type may not write to packets. */
  readonly packetReadOnly: boolean;
  /** Deepest chain of frames. */
  readonly frames: number;
  /** Maps the program may touch. */
  readonly maps: readonly RawMap[];
  /** Memory the program may touch beside that of its maps. */
  readonly regions: readonly Region[];
  /** Functions whose address is taken: first slot and length. */
  readonly functions: readonly { readonly start: number; readonly length: number }[];
}

/** Addresses of a program's structures in linear memory. */
export interface Descriptor {
  readonly address: number;
  readonly functions: number;
  /** True once the program is unloaded: see unload(). */
  released: boolean;
}

/** Map types whose values hold references of the host's, which a program must not read or forge. */
const opaque: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_PROG_ARRAY,
  abi.MAP_TYPE_PERF_EVENT_ARRAY,
  abi.MAP_TYPE_ARRAY_OF_MAPS,
  abi.MAP_TYPE_HASH_OF_MAPS,
  abi.MAP_TYPE_CGROUP_ARRAY,
]);

const byAddress = (maps: readonly RawMap[]): RawMap[] =>
  [...new Map(maps.map((map) => [map.address, map])).values()].sort((a, b) => a.address - b.address);

const arenaIn = (maps: readonly RawMap[]): RawMap | undefined =>
  maps.find(({ spec }) => spec.type === abi.MAP_TYPE_ARENA);

/** Memory that a program is given. */
export interface Region {
  readonly start: number;
  readonly end: number;
  /** REGION_READ and REGION_WRITE. */
  readonly access: number;
}

/** BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG, as the runtime knows them: it adds them to maps of redirect targets. */
function accessOf(memory: LinearMemory, map: RawMap): number {
  const flags = memory.u32(map.address + layout.MAP_FLAGS);
  const read = (flags & abi.BPF_F_WRONLY_PROG) === 0 ? layout.REGION_READ : 0;
  return (flags & abi.BPF_F_RDONLY_PROG) === 0 ? read | layout.REGION_WRITE : read;
}

const regionsOf = (memory: LinearMemory, maps: readonly RawMap[]): Region[] =>
  byAddress(maps)
    .filter((map) => !opaque.has(map.spec.type))
    .map((map) => ({
      start: memory.u32(map.address + layout.MAP_VALUES),
      end: memory.u32(map.address + layout.MAP_VALUES_END),
      access: accessOf(memory, map),
    }))
    .filter(({ start, end }) => end > start);

function writeRegions(memory: LinearMemory, regions: readonly Region[]): number {
  if (regions.length === 0) return 0;
  const base = memory.alloc(regions.length * layout.REGION_SIZE);
  regions.forEach(({ start, end, access }, i) => {
    const at = base + i * layout.REGION_SIZE;
    memory.setU32(at + layout.REGION_START, start);
    memory.setU32(at + layout.REGION_END, end);
    memory.setU32(at + layout.REGION_ACCESS, access);
  });
  return base;
}

function writeMaps(memory: LinearMemory, maps: readonly RawMap[]): number {
  if (maps.length === 0) return 0;
  const base = memory.alloc(maps.length * 4);
  maps.forEach((map, i) => {
    memory.setU32(base + 4 * i, map.address);
  });
  return base;
}

function writeFunctions(memory: LinearMemory, program: number, input: DescriptorInput): number {
  if (input.functions.length === 0) return 0;
  const base = memory.alloc(input.functions.length * layout.FUNC_SIZE);
  input.functions.forEach(({ start, length }, i) => {
    const at = base + i * layout.FUNC_SIZE;
    memory.setU32(at + layout.FUNC_PROG, program);
    memory.setU32(at + layout.FUNC_PC, start);
    memory.setU32(at + layout.FUNC_SLOTS, length);
  });
  return base;
}

/** Grants the program its memory: the regions and maps it may touch. Called again when inner maps change. */
export function grantMaps(
  memory: LinearMemory,
  descriptor: number,
  maps: readonly RawMap[],
  others: readonly Region[],
): void {
  memory.free(memory.u32(descriptor + layout.PROG_REGIONS));
  memory.free(memory.u32(descriptor + layout.PROG_MAPS));
  const regions = [...regionsOf(memory, maps), ...others].sort((a, b) => a.start - b.start);
  memory.setU32(descriptor + layout.PROG_REGIONS, writeRegions(memory, regions));
  memory.setU32(descriptor + layout.PROG_NREGIONS, regions.length);
  const sorted = byAddress(maps);
  memory.setU32(descriptor + layout.PROG_MAPS, writeMaps(memory, sorted));
  memory.setU32(descriptor + layout.PROG_NMAPS, sorted.length);
}

/** Writes a program descriptor (PROG_* of src/abi/layout.ts). */
export function writeDescriptor(memory: LinearMemory, input: DescriptorInput): Descriptor {
  const address = memory.alloc(layout.PROG_SIZE);
  const functions = writeFunctions(memory, address, input);
  memory.setU32(address + layout.PROG_SLOTS, input.slots);
  memory.setU32(address + layout.PROG_MAIN_SLOTS, input.mainSlots);
  memory.setU32(address + layout.PROG_FUNCS, functions);
  memory.setU32(address + layout.PROG_NFUNCS, input.functions.length);
  memory.setU32(address + layout.PROG_CTX_KIND, input.contextCode);
  memory.setU32(address + layout.PROG_SANDBOX, input.sandbox ? 1 : 0);
  memory.setU32(address + layout.PROG_FRAMES, input.frames);
  memory.setU32(address + layout.PROG_ID, input.id);
  memory.setU32(address + layout.PROG_ARENA, arenaIn(input.maps)?.address ?? 0);
  memory.setU32(address + layout.PROG_PACKET_READ_ONLY, input.packetReadOnly ? 1 : 0);
  memory.setU32(address + layout.PROG_TYPE, input.type);
  grantMaps(memory, address, input.maps, input.regions);
  return { address, functions, released: false };
}

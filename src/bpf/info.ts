/** OBJ_GET_INFO_BY_FD: what is known of an object, with the kernel's names (struct bpf_map_info, bpf_prog_info, …). */
import { mapTypeName } from '../frontend/mapTypes.ts';
import type { Kernel } from './kernel.ts';
import { LinkObject } from './links/link.ts';
import { MapObject } from './maps/map.ts';
import type { KernelObject } from './objects.ts';
import { ProgObject } from './programs/prog.ts';

export interface MapInfo {
  readonly kind: 'map';
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly mapFlags: number;
  readonly mapExtra: bigint;
  readonly btfId: number;
  readonly frozen: boolean;
  readonly references: number;
}

export interface ProgInfo {
  readonly kind: 'prog';
  readonly id: number;
  readonly type: string;
  readonly name: string;
  /** Of its instructions, in hex. */
  readonly tag: string;
  /** Of translated and original instructions, bytes. */
  readonly xlatedProgLen: number;
  /** ns since the epoch. */
  readonly loadTime: bigint;
  readonly mapIds: readonly number[];
  readonly gplCompatible: boolean;
  /** Counted while ENABLE_STATS is on. */
  readonly runTimeNs: bigint;
  readonly runCnt: bigint;
  readonly verifiedInsns: number;
  readonly references: number;
}

export interface LinkInfo {
  readonly kind: 'link';
  readonly id: number;
  readonly progId: number;
  readonly target: string;
  readonly attachType: string;
  readonly references: number;
}

export interface BtfInfo {
  readonly kind: 'btf';
  readonly id: number;
  readonly references: number;
}

export type ObjectInfo = MapInfo | ProgInfo | LinkInfo | BtfInfo;

const mapInfo = ({ id, spec, btf, frozen, references }: MapObject): MapInfo => ({
  kind: 'map',
  id,
  type: mapTypeName(spec.type),
  name: spec.name,
  keySize: spec.keySize,
  valueSize: spec.valueSize,
  maxEntries: spec.maxEntries,
  mapFlags: spec.flags,
  mapExtra: spec.mapExtra ?? 0n,
  btfId: btf?.id ?? 0,
  frozen,
  references,
});

const progInfo = (prog: ProgObject): ProgInfo => ({
  kind: 'prog',
  id: prog.id,
  type: prog.program.type,
  name: prog.name,
  tag: prog.tag,
  xlatedProgLen: prog.program.code.length,
  loadTime: prog.loadedAt,
  mapIds: prog.maps.map(({ id }) => id),
  gplCompatible: /GPL/.test(prog.program.license),
  runTimeNs: prog.runTime,
  runCnt: prog.runs,
  verifiedInsns: prog.prepared?.verifiedInsns ?? 0,
  references: prog.references,
});

export function infoOf(object: KernelObject): ObjectInfo {
  if (object instanceof MapObject) return mapInfo(object);
  if (object instanceof ProgObject) return progInfo(object);
  const { id, references } = object;
  if (object instanceof LinkObject) {
    const { prog, target, attachType } = object;
    return { kind: 'link', id, progId: prog.id, target, attachType, references };
  }
  return { kind: 'btf', id, references };
}

export const objGetInfoByFd = (kernel: Kernel, fd: number): ObjectInfo =>
  infoOf(kernel.fds.any('OBJ_GET_INFO_BY_FD', fd).object);

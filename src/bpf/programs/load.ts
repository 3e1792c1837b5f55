import { EINVAL } from '../../abi/maps.ts';
import type { Program, ProgramType } from '../../frontend/program.ts';
import { programFromBytes } from '../../frontend/raw.ts';
import { SLOT_BYTES } from '../../isa/decode.ts';
import {
  LDDW,
  PSEUDO_MAP_FD,
  PSEUDO_MAP_INDEX,
  PSEUDO_MAP_INDEX_VALUE,
  PSEUDO_MAP_VALUE,
} from '../../isa/lddw.ts';
import { commandError, refuse, sysError } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import type { MapObject } from '../maps/map.ts';
import { checkName } from '../names.ts';
import { ProgObject } from './prog.ts';

/** What PROG_LOAD takes: instructions whose maps are descriptors, or a program that was opened from an object. */
export interface ProgLoad {
  readonly progType?: ProgramType;
  /** Encoded instructions; wide loads name maps by descriptor (BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE). */
  readonly insns?: Uint8Array;
  /** Of an object file: its maps are `mapFds`, in the order of `program.maps`. */
  readonly program?: Program;
  readonly mapFds?: readonly number[];
  readonly license?: string;
  readonly progName?: string;
  readonly expectedAttachType?: string;
}

const COMMAND = 'PROG_LOAD';

/** Instructions with descriptors of maps as indexes into the maps that are found. */
function withIndexes(kernel: Kernel, insns: Uint8Array): { code: Uint8Array; maps: MapObject[] } {
  if (insns.length === 0 || insns.length % SLOT_BYTES !== 0)
    return refuse(COMMAND, EINVAL, `${insns.length} bytes are no instructions of ${SLOT_BYTES} bytes each`);
  const code = insns.slice();
  const view = new DataView(code.buffer);
  const maps: MapObject[] = [];
  for (let at = 0; at + SLOT_BYTES < code.length; at += SLOT_BYTES) {
    if (code[at] !== LDDW) continue;
    const register = (code[at + 1] ?? 0) & 0xf;
    const source = (code[at + 1] ?? 0) >> 4;
    if (source === PSEUDO_MAP_FD || source === PSEUDO_MAP_VALUE) {
      const map = kernel.fds.get(COMMAND, view.getInt32(at + 4, true), 'map').object as MapObject;
      if (!maps.includes(map)) maps.push(map);
      view.setInt32(at + 4, maps.indexOf(map), true);
      code[at + 1] = register | ((source === PSEUDO_MAP_FD ? PSEUDO_MAP_INDEX : PSEUDO_MAP_INDEX_VALUE) << 4);
    }
    at += SLOT_BYTES;
  }
  return { code, maps };
}

function partsOf(kernel: Kernel, attr: ProgLoad): { program: Program; maps: readonly MapObject[] } {
  const { program, insns, mapFds = [], license = '', progName = '', progType, expectedAttachType } = attr;
  if (program !== undefined) {
    const maps = mapFds.map((fd) => kernel.fds.get(COMMAND, fd, 'map').object as MapObject);
    if (maps.length !== program.maps.length)
      return refuse(
        COMMAND,
        EINVAL,
        `the program has ${program.maps.length} maps, but mapFds names ${maps.length}`,
      );
    return { program, maps };
  }
  if (insns === undefined) return refuse(COMMAND, EINVAL, 'there are neither instructions nor a program');
  const { code, maps } = withIndexes(kernel, insns);
  const options = {
    name: progName || 'prog',
    type: progType,
    license,
    maps: maps.map((map) => map.verified),
  };
  return { program: { ...programFromBytes(code, options), attachType: expectedAttachType }, maps };
}

/** Verifies and loads the program; its descriptor is the first reference to it. */
export async function progLoad(kernel: Kernel, attr: ProgLoad): Promise<number> {
  const name = checkName(COMMAND, attr.progName ?? attr.program?.name.slice(0, 15) ?? '');
  const { program, maps } = partsOf(kernel, attr);
  const loadedAt = BigInt(Date.now()) * 1_000_000n;
  const prog = new ProgObject(kernel, kernel.progs.take(), { program, maps, btf: undefined, loadedAt, name });
  prog.hold();
  try {
    await prog.ready();
    return kernel.fds.add(prog);
  } catch (error) {
    throw refusalOf(error);
  } finally {
    prog.drop();
  }
}

/** The verifier's answer is EACCES, EINVAL or E2BIG in the kernel; here it is EACCES, with the diagnosis as the cause. */
const EACCES = 13;
function refusalOf(error: unknown): unknown {
  const isRejected = error instanceof Error && 'code' in error && error.code === 'rejected';
  return isRejected ? sysError(COMMAND, EACCES, error.message, error) : commandError(COMMAND, error);
}

import { fileURLToPath } from 'node:url';
import {
  abi,
  type BpfObject,
  type EngineKind,
  type MapSpec,
  type OpenOptions,
  open,
  type ProgramType,
  programFromAssembly,
} from '../../src/index.ts';

export const engines: readonly EngineKind[] = ['jit', 'interp', 'auto'];

export const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

/** A map as a caller defines it. */
export const mapSpec = (name: string, type: number, sizes: Partial<MapSpec> = {}): MapSpec => ({
  name,
  type,
  keySize: 4,
  valueSize: 8,
  maxEntries: 4,
  flags: 0,
  section: '',
  ...sizes,
});

export const ringSpec = (name: string, bytes: number): MapSpec =>
  mapSpec(name, abi.MAP_TYPE_RINGBUF, { keySize: 0, valueSize: 0, maxEntries: bytes });

export interface Written extends OpenOptions {
  readonly maps?: readonly MapSpec[];
  readonly type?: ProgramType;
}

/** Opens a program written in assembly. */
export function openText(
  text: string,
  { maps = [], type = 'unspec', ...options }: Written,
): Promise<BpfObject> {
  return open(programFromAssembly(text, { name: 'main', type, maps }), options);
}

/** Sends its 8 bytes of memory to the ring buffer `events`; r0 is 0, or an error when there is no room. */
export const SEND = `
  r2 = r1
  r1 = map[events]
  r3 = 8
  r4 = 0
  call bpf_ringbuf_output
  exit`;

/** A packet: Ethernet with this protocol, and zeros. */
export function ethernet(protocol: number, length = 64): Uint8Array {
  const packet = new Uint8Array(length);
  new DataView(packet.buffer).setUint16(12, protocol);
  return packet;
}

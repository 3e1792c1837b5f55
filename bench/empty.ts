import {
  type BpfObject,
  type BpfProgram,
  open,
  type ProgramType,
  programFromAssembly,
} from '../src/index.ts';

/** A program that does nothing: what a run of it takes, every run takes beyond its program. */
export interface EmptyProgram {
  readonly name: string;
  readonly object: BpfObject;
  readonly program: BpfProgram;
}

const TYPES: readonly (readonly [name: string, type: ProgramType])[] = [
  ['xdp', 'xdp'],
  ['socket buffer', 'sched_cls'],
  ['raw memory', 'kprobe'],
];

/** One for each kind of context, verified, in the JIT. */
export async function* emptyPrograms(): AsyncGenerator<EmptyProgram> {
  for (const [name, type] of TYPES) {
    const object = await open(programFromAssembly('r0 = 2\nexit', { name: 'empty', type }));
    yield { name, object, program: await object.program() };
  }
}

/** IPv4 in an Ethernet frame, as far as headers go. */
export function frame(length: number): Uint8Array {
  const packet = new Uint8Array(length);
  packet[12] = 8;
  return packet;
}

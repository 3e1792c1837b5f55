/** The memory that an access is about, and the access, in words. */
import * as abi from '../../abi/state.ts';
import type { Insn } from '../../isa/insn.ts';
import { calleeName, callText } from './calls.ts';
import { isGlobals } from './fields.ts';
import type { Scene } from './scene.ts';
import { bytes, originText } from './values.ts';

/** What a register points into: `a value of map flows`. */
export function targetText(scene: Scene, register: number): string {
  const r = scene.register(register);
  if (r === undefined) return 'memory';
  const { memory, env } = scene.walk;
  switch (memory.kind(r)) {
    case abi.KIND_MAP_VALUE: {
      const spec = scene.map(memory.aux(r));
      if (spec === undefined) return 'a value of a map';
      return isGlobals(spec) ? `section ${spec.name}` : `a value of map ${spec.name}`;
    }
    case abi.KIND_MAP_KEY:
      return `a key of map ${scene.map(memory.aux(r))?.name ?? ''}`;
    case abi.KIND_STACK:
      return 'the stack';
    case abi.KIND_PACKET:
      return 'the packet';
    case abi.KIND_PACKET_META:
      return 'the metadata before the packet';
    case abi.KIND_CTX:
      return `struct ${env.context.name}`;
    case abi.KIND_MEM:
      return memoryText(scene, register);
    default:
      return 'memory';
  }
}

/** Memory of a size of its own: a ring buffer's record, what an argument points to. */
function memoryText(scene: Scene, register: number): string {
  const origin = scene.origin(register);
  if (origin.maker.kind === 'argument') return `what ${originText(scene, origin)} points to`;
  if (origin.maker.kind !== 'call') return 'memory';
  return `what ${callText(scene, origin)} of ${scene.at(origin.insn)} handed out`;
}

export const isStore = (insn: Insn | undefined): boolean =>
  insn?.kind === 'store' || insn?.kind === 'storeRelease';

/** `reads`, `writes` or `updates`, by the instruction. */
export function verbOf(insn: Insn | undefined): string {
  if (isStore(insn)) return 'writes';
  return insn?.kind === 'atomic' ? 'updates' : 'reads';
}

const mention = (expression: string | undefined): string =>
  expression === undefined ? '' : ` (${expression})`;

/** The source's own words for it, in brackets. */
export const inSource = (scene: Scene): string => mention(scene.expression);

/** `reads 2 bytes at offset 12 of the packet (eth->h_proto)`; of a call, what it is passed. */
export function accessText(scene: Scene, size: number, place: string): string {
  const callee = calleeName(scene, scene.slot);
  if (callee !== '') return `passes ${bytes(size)} ${place} to ${callee}()`;
  return `${verbOf(scene.insn)} ${bytes(size)} ${place}${inSource(scene)}`;
}

/** The register an instruction gets its address from; undefined for those that have none. */
export function addressRegister(insn: Insn | undefined): number | undefined {
  switch (insn?.kind) {
    case 'load':
    case 'loadAcquire':
      return insn.src;
    case 'store':
    case 'storeRelease':
    case 'atomic':
      return insn.dst;
    default:
      return undefined;
  }
}

export const offsetOf = (insn: Insn | undefined): number =>
  insn !== undefined && 'off' in insn ? insn.off : 0;
export const sizeOf = (insn: Insn | undefined): number =>
  insn !== undefined && 'size' in insn ? insn.size : 0;

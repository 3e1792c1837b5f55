/** Reads and writes beyond what is known of the packet. */
import { KIND_PACKET_META } from '../../abi/state.ts';
import { calleeName } from './calls.ts';
import { accessText, addressRegister, offsetOf, sizeOf, targetText, verbOf } from './memory.ts';
import type { Origin } from './origin.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { pointerIn, variableOfField } from './source.ts';
import { bytes, contextField, isPacketPointer, originText } from './values.ts';

/** Jumps looked at in search of a comparison with the packet's end. */
const MAX_JUMPS = 200;

const isEnd = (scene: Scene, { maker }: Origin): boolean =>
  maker.kind === 'load' &&
  maker.base.maker.kind === 'context' &&
  contextField(scene, maker.at)?.yields.kind === 'packetEnd';

/** Slot of the last comparison of a packet pointer with the packet's end on the path. */
function lastComparison(scene: Scene): number | undefined {
  const { walk, tracer } = scene;
  let jumps = 0;
  for (let node = tracer.last; node !== 0 && jumps < MAX_JUMPS; node = walk.trace.previous(node)) {
    const slot = walk.trace.insn(node);
    const insn = walk.code.insns[slot];
    if (insn?.kind !== 'jump' || insn.src === undefined) continue;
    jumps += 1;
    const frame = walk.trace.frame(node);
    const operand = (register: number): Origin =>
      tracer.before(walk.trace.previous(node), frame, register, slot);
    const [one, other] = [operand(insn.dst), operand(insn.src)];
    const compares = (a: Origin, b: Origin): boolean => isPacketPointer(scene, a) && isEnd(scene, b);
    if (compares(one, other) || compares(other, one)) return slot;
  }
  return undefined;
}

/** What must be there, as C writes it: `eth + 1`, `data + 14`. */
function boundText(scene: Scene, start: string, need: number, isFixed: boolean): string {
  const { expression = '' } = scene;
  const pointer = pointerIn(expression);
  const element = /^\w+\[(\d+)\]$/.exec(expression)?.[1];
  if (pointer !== undefined && element !== undefined) return `${pointer} + ${Number(element) + 1}`;
  if (pointer !== undefined && /^(\w+->|\*)/.test(expression)) return `${pointer} + 1`;
  const data = variableOfField(scene.program, start) ?? start;
  return isFixed ? `${data} + ${need}` : `the pointer + ${need}`;
}

/** Field of the context that ends what the register points into. */
const endOf = ({ walk }: Scene, register: number): string =>
  walk.memory.kind(walk.reg(register)) === KIND_PACKET_META ? 'data' : 'data_end';

function hintFor(scene: Scene, register: number, need: number, isFixed: boolean): string {
  const { memory } = scene.walk;
  const field = endOf(scene, register);
  const start = field === 'data' ? 'data_meta' : 'data';
  const end = variableOfField(scene.program, field) ?? field;
  if (need <= 0 || offsetOf(scene.insn) + memory.off(scene.walk.reg(register)) < 0) {
    return `begin at \`${start}\` or behind: the bytes before it are not the program's`;
  }
  const bound = boundText(scene, start, need, isFixed);
  const test = bound.startsWith('the ') ? '' : `: \`if ((void *)(${bound}) > ${end}) return …;\``;
  const where = scene.walk.frames.length > 1 ? ` in ${scene.functionName}() or before its call` : '';
  return `compare \`${bound}\` with \`${end}\` before ${scene.insn?.kind === 'store' ? 'writing' : 'reading'}${where}${test}`;
}

/** The access and its place, which is fixed or depends on something. */
function readText(scene: Scene, off: number, size: number, register: number, isFixed: boolean): string {
  if (isFixed) return accessText(scene, size, `at offset ${off} of ${targetText(scene, register)}`);
  const { index } = scene.origin(register);
  const by = index === undefined ? 'varies' : `depends on ${originText(scene, index)}`;
  const callee = calleeName(scene, scene.slot);
  const place = `${bytes(size)} of the packet at offset ${off} behind a place that ${by}`;
  if (callee !== '') return `passes ${place}, to ${callee}()`;
  const { expression } = scene;
  return `${verbOf(scene.insn)} ${expression === undefined ? '' : `${expression}, `}${place}`;
}

function known(scene: Scene, register: number, off: number, isFixed: boolean): string {
  const range = scene.walk.memory.aux(scene.walk.reg(register)) | 0;
  if (off < 0) return `which is before its start`;
  const comparison = lastComparison(scene);
  const what = isFixed ? 'of it' : 'from there on';
  if (range < 0) return `but this is the branch on which the packet is known to end before`;
  const start = `but only ${bytes(range)} ${what} ${range === 1 ? 'is' : 'are'} known to be there`;
  if (comparison === undefined) return `${start}, since nothing was compared with ${endOf(scene, register)}`;
  if (range > 0) return `${start} by the comparison at ${scene.at(comparison)}`;
  return isFixed
    ? `${start}: of the comparison at ${scene.at(comparison)} this is the branch on which it may be shorter`
    : `${start}, since the comparison at ${scene.at(comparison)} does not prove it for this place`;
}

function outside(scene: Scene, match: RegExpExecArray): Diagnosis | undefined {
  const register = Number(match[3]);
  const r = scene.register(register);
  if (r === undefined) return undefined;
  const { memory } = scene.walk;
  const off = match[1] === undefined ? memory.off(r) + offsetOf(scene.insn) : Number(match[1]);
  const size = match[2] === undefined ? sizeOf(scene.insn) : Number(match[2]);
  const isFixed = memory.isConst(r) && memory.constant(r) === 0 && memory.id(r) === 0;
  const access = readText(scene, off, size, register, isFixed);
  return {
    summary: `${scene.where} ${access}, ${known(scene, register, off, isFixed)}`,
    hint: hintFor(scene, register, off + size, isFixed),
  };
}

function readOnly(scene: Scene): Diagnosis {
  const { type } = scene.walk.env;
  const register = addressRegister(scene.insn);
  const place = register === undefined ? 'to the packet' : 'of the packet';
  return {
    summary: `${scene.where} ${accessText(scene, sizeOf(scene.insn), place)}, which programs of type ${type} may only read`,
    hint: `take a program type that may write to packets (xdp, tc), or change the packet with bpf_skb_store_bytes() where the type has it`,
  };
}

export const PACKETS: Explainers = [
  [
    /(?:invalid access to packet, off=(-?\d+) size=(-?\d+),.*\n)?R(\d+) offset is outside of the packet/,
    outside,
  ],
  [/^cannot write into packet/, readOnly],
  [
    /^helper access to the packet is not allowed/,
    (scene) => ({
      summary: `${scene.where} passes packet data to ${calleeName(scene, scene.slot)}(), which does not take it here`,
      hint: 'copy the bytes to a variable on the stack first, and pass that',
    }),
  ],
];

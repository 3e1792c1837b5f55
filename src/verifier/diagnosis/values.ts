/** Values in words: where they came from, and what is known of them. */
import { structureOf } from '../contexts/index.ts';
import type { Field } from '../contexts/types.ts';
import type { Scalar } from '../scalar.ts';
import { callText } from './calls.ts';
import { isGlobals, valueField } from './fields.ts';
import type { Maker, Origin } from './origin.ts';
import type { Scene } from './scene.ts';
import { expressionIn, expressionOf, indexIn } from './source.ts';

export const bytes = (count: number): string => `${count} byte${count === 1 ? '' : 's'}`;

/** The field of the context at an offset. */
export function contextField(scene: Scene, offset: number | undefined): Field | undefined {
  if (offset === undefined) return undefined;
  const { fields, hidden = [] } = scene.walk.env.context;
  const holds = (field: Field): boolean => offset >= field.offset && offset < field.offset + field.size;
  return fields.find(holds) ?? hidden.find(holds);
}

/** `ctx->rx_queue_index` as the line has it, or `rx_queue_index of struct xdp_md`. */
function fieldText(scene: Scene, { name }: Field, insn: number): string {
  return expressionOf(scene.source(insn), name) ?? `${name} of struct ${scene.walk.env.context.name}`;
}

/** `packets of map flows`, or a global variable's name. */
function mapPlace(scene: Scene, map: number, offset: number | undefined): string {
  const spec = scene.map(map);
  if (spec === undefined) return 'a map';
  const path = offset === undefined ? '' : (valueField(spec, offset)?.path ?? '');
  if (isGlobals(spec)) return path === '' ? `section ${spec.name}` : path;
  return path === '' ? `a value of map ${spec.name}` : `${path} of map ${spec.name}`;
}

/** The map whose value a call of this origin returns. */
export function lookedUp(scene: Scene, { node, insn, maker }: Origin): number | undefined {
  const call = scene.walk.code.insns[insn];
  if (maker.kind !== 'call' || call?.kind !== 'call' || call.target !== 'helper') return undefined;
  if (scene.walk.env.helper(call.imm)?.result.kind !== 'mapValue') return undefined;
  const { trace } = scene.walk;
  const argument = scene.tracer.before(trace.previous(node), trace.frame(node), 1, insn);
  return argument.maker.kind === 'map' ? argument.maker.map : undefined;
}

const KINDS: ReadonlySet<string> = new Set(['packet', 'packetMeta']);

/** Whether the origin is an address in the packet, before calls that may move it. */
export function isPacketPointer(scene: Scene, { maker }: Origin): boolean {
  if (maker.kind !== 'load' || maker.base.maker.kind !== 'context') return false;
  return KINDS.has(contextField(scene, maker.at)?.yields.kind ?? '');
}

type Load = Extract<Maker, { kind: 'load' }>;

/** Bytes of a map's value or of a variable, as the line has them where it does. */
function mapLoadText(scene: Scene, map: number, at: number | undefined, insn: number): string {
  const spec = scene.map(map);
  const path = spec === undefined || at === undefined ? '' : (valueField(spec, at)?.path ?? '');
  return expressionOf(scene.source(insn), path) ?? mapPlace(scene, map, at);
}

function loadedText(scene: Scene, { base, at, size }: Load, insn: number): string {
  if (base.maker.kind === 'context') {
    const field = contextField(scene, at);
    return field === undefined ? 'a field of the context' : fieldText(scene, field, insn);
  }
  if (isPacketPointer(scene, base)) {
    return indexIn(scene.source(insn)) ?? `${bytes(size)} of the packet`;
  }
  const map = base.maker.kind === 'mapValue' ? base.maker.map : lookedUp(scene, base);
  if (map === undefined) return expressionIn(scene.source(insn)) ?? `${bytes(size)} of memory`;
  const start = base.maker.kind === 'mapValue' ? base.maker.off : 0;
  return mapLoadText(scene, map, at === undefined ? undefined : at + start, insn);
}

const loadText = (scene: Scene, load: Load, insn: number): string =>
  loadedText(scene, load, insn) + scene.beside(insn);

function argumentText(scene: Scene, { subprogram, register }: Extract<Maker, { kind: 'argument' }>): string {
  const name = scene.walk.code.subprograms[subprogram]?.name ?? '';
  return `argument ${register} of ${name}()`;
}

/** A computed value by what it was computed from, where that is one thing beside constants. */
function computedText(scene: Scene, from: readonly Origin[], insn: number, depth: number): string {
  const parts = from.filter(({ maker }) => maker.kind !== 'constant');
  const [only] = parts;
  const here = `a number computed${scene.beside(insn)}`;
  if (parts.length !== 1 || only === undefined || depth > 2) return here;
  return `${here} from ${originText(scene, only, depth + 1)}`;
}

/** Where a value came from, as a noun: `skb->len (line 12)`. */
export function originText(scene: Scene, { maker, insn, node, added }: Origin, depth = 0): string {
  switch (maker.kind) {
    case 'context':
      return 'the context';
    case 'argument':
      return argumentText(scene, maker);
    case 'frame':
      return 'an address on the stack';
    case 'constant':
      return `${added === 0 ? '' : 'a number computed from '}the constant ${BigInt.asIntN(64, maker.value)}${scene.beside(insn)}`;
    case 'map':
      return `map ${scene.map(maker.map)?.name ?? ''}`;
    case 'mapValue':
      return `the address of ${mapPlace(scene, maker.map, maker.off).replace(/\[0\]$/, '')}`;
    case 'function':
      return `the address of a function`;
    case 'call':
      return `the result of ${callText(scene, { insn, node })} of ${scene.at(insn)}`;
    case 'load':
      return loadText(scene, maker, insn);
    case 'stack':
      return `bytes of the stack${scene.beside(insn)}`;
    case 'computed':
      return computedText(scene, maker.from, insn, depth);
    case 'lost':
      return `what the call at ${scene.at(insn)} left`;
    case 'nothing':
      return 'nothing';
    case 'unknown':
      return 'a value of unknown origin';
  }
}

/** Whether there is something to say of where a value came from. */
export const isKnown = ({ maker }: Origin): boolean =>
  maker.kind !== 'unknown' && maker.kind !== 'nothing' && maker.kind !== 'lost';

const MOST_SIGNED = (1n << 63n) - 1n;
const LEAST_SIGNED = -(1n << 63n);

/** What is known of a number, divided by the size of what it counts: `may be up to 64`. */
export function rangeText({ smin, smax, umax }: Scalar, unit = 1n): string {
  if (smin < 0n && smin !== LEAST_SIGNED) return `may be ${smin / unit} to ${smax / unit}`;
  if (smin < 0n) return smax === MOST_SIGNED ? 'may be any number' : `may be any number up to ${smax / unit}`;
  return umax >= 1n << 63n ? 'may be any number' : `may be up to ${umax / unit}`;
}

/** Structure behind a register of the socket family, by the name the log gives it. */
export const structureNamed = (name: string): string =>
  name === 'flow_keys' ||
  name === 'sock' ||
  name === 'sock_common' ||
  name === 'tcp_sock' ||
  name === 'xdp_sock'
    ? `struct ${structureOf(name).name}`
    : name;

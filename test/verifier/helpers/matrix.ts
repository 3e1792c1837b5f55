import { HELPERS, prototypeOf, refusalOf } from '../../../src/verifier/helpers/index.ts';
import { expectedText, registersFor } from '../../../src/verifier/helpers/registers.ts';
import type { Argument, Helper, MemoryAccess } from '../../../src/verifier/helpers/types.ts';
import { KEY_SIZE, type MapIds, mapFor, VALUE_SIZE, valueSize } from './maps.ts';
import type { Place } from './places.ts';
import * as s from './specimens.ts';
import { validFor } from './valid.ts';

/** A helper in a place, with registers it takes: as many as there are up to the first that cannot be had there. */
export interface Call {
  readonly helper: Helper;
  readonly place: Place;
  readonly args: readonly Argument[];
  readonly valid: readonly s.Specimen[];
}

const stem = ({ name }: Helper): string => name.slice('bpf_'.length);

export function callAt(helper: Helper, place: Place, maps: MapIds): Call {
  const args = prototypeOf(helper.id, place)?.args ?? [];
  const specimens = args.map((argument) => validFor(argument, stem(helper), place, maps));
  const end = specimens.indexOf(undefined);
  const valid = specimens.slice(0, end < 0 ? undefined : end).filter((specimen) => specimen !== undefined);
  return { helper, place, args, valid };
}

export const isComplete = ({ args, valid }: Call): boolean => valid.length === args.length;

/** One call of each helper in each form it has, where all of its arguments can be had if there is such a place. */
export function calls(places: readonly Place[], maps: MapIds): readonly Call[] {
  const askable = [...HELPERS.values()].filter(({ refusedByConfig }) => refusedByConfig === undefined);
  return askable.flatMap((helper) => {
    const forms = new Map<string, Call>();
    for (const place of places) {
      if (refusalOf(helper.id, { ...place, license: 'GPL' }) !== undefined) continue;
      const call = callAt(helper, place, maps);
      const form = JSON.stringify(call.args);
      const known = forms.get(form);
      if (known === undefined || (!isComplete(known) && isComplete(call))) forms.set(form, call);
    }
    return [...forms.values()];
  });
}

/** Registers of every kind that a program of the place can have. */
export interface Specimens {
  readonly all: readonly s.Specimen[];
  readonly readOnly: s.Specimen;
  readonly writeOnly: s.Specimen;
}

export function specimensAt(place: Place, maps: MapIds): Specimens {
  const readOnly = s.mapValue(maps, 'readOnly');
  const writeOnly = s.mapValue(maps, 'writeOnly');
  const everywhere = [
    ...[s.uninit, s.NULL, s.scalar(8), s.unknownScalar, s.stack(), s.oddStack, s.context, s.callback, s.task],
    ...[s.mapPointer(maps, 'array'), s.mapValue(maps, 'array'), s.unchecked(maps), readOnly, writeOnly],
  ];
  const skb = s.hasSkb(place) ? [s.sockCommon, s.fullSocket, s.tcpSock, s.tcpSockBtf] : [];
  const packet = place.type === 'sched_cls' ? [s.skbPacket] : place.type === 'xdp' ? [s.xdpPacket] : [];
  const ring = place.sleepable ? [] : [s.ringRecord(maps)];
  return { all: [...everywhere, ...ring, ...skb, ...packet], readOnly, writeOnly };
}

/** One program of the matrix: a call with another register at r1 + position. */
export interface Trial {
  readonly call: Call;
  readonly position: number;
  readonly specimen: s.Specimen;
  readonly specimens: Specimens;
}

const isNullable = (argument: Argument): boolean =>
  argument.kind === 'kptrValue' || ('nullable' in argument && argument.nullable);

/** Registers of the call: NULL memory goes with a size of 0. */
export function registersOf({ call, position, specimen }: Trial): readonly s.Specimen[] {
  const { args, valid } = call;
  const registers = args.map((_, index) => valid[index] ?? s.NULL);
  registers[position] = specimen;
  if (specimen === s.NULL && args[position]?.kind === 'memory' && args[position + 1]?.kind === 'size')
    registers[position + 1] = s.NULL;
  return registers;
}

/** What the prototype says the kernel will answer; '' for nothing that depends on the prototype. */
export function predicted(trial: Trial): string {
  const { call, position, specimen } = trial;
  const argument = call.args[position];
  if (argument === undefined) return '';
  const register = `R${position + 1}`;
  if (specimen.register === '') return `${register} !read_ok`;
  const accepted: readonly string[] = registersFor(argument);
  if (accepted.length === 0) return '';
  if (specimen.register === 'pkt' && !call.helper.packetAccess)
    return 'helper access to the packet is not allowed';
  if (!accepted.includes(bare(argument, specimen)))
    return `${register} type=${specimen.register} expected=${expectedText(argument)}`;
  return predictedContent(trial, argument);
}

/** The type without its `_or_null`, for an argument that may be NULL; NULL itself counts as any type. */
function bare(argument: Argument, specimen: s.Specimen): string {
  if (!isNullable(argument)) return specimen.register;
  if (specimen === s.NULL) return registersFor(argument)[0] ?? '';
  return specimen.register.replace(/_or_null$/, '');
}

function predictedContent(trial: Trial, argument: Argument): string {
  switch (argument.kind) {
    case 'size':
      return predictedSize(trial, argument.zeroAllowed);
    case 'mapKey':
      return predictedAccess(trial, 'read', KEY_SIZE);
    case 'mapValue':
      return predictedAccess(trial, argument.access, valueSize(mapFor(stem(trial.call.helper))));
    case 'memory':
      if (argument.aligned === true && trial.specimen === s.oddStack)
        return `misaligned stack access off 0+-61+0 size ${argument.size}`;
      return predictedAccess(trial, argument.access, argument.size ?? VALUE_SIZE);
    default:
      return '';
  }
}

function predictedSize({ position, specimen }: Trial, zeroAllowed: boolean): string {
  if (specimen === s.unknownScalar)
    return `R${position + 1} min value is negative, either use unsigned or 'var &= const'`;
  return specimen === s.NULL && !zeroAllowed ? `R${position + 1} invalid zero-sized read: u64=[0,0]` : '';
}

function predictedAccess(trial: Trial, access: MemoryAccess, size: number): string {
  const { specimen, specimens, call, position } = trial;
  const takesReadOnly = access === 'read' && call.args[position]?.kind === 'memory';
  if (specimen === s.task && !takesReadOnly)
    return `${call.helper.name}() may write into memory pointed by R${position + 1} type=trusted_ptr_`;
  const what = `value_size=${VALUE_SIZE} off=0 size=${size}`;
  if (specimen === specimens.readOnly && access !== 'read') return `write into map forbidden, ${what}`;
  return specimen === specimens.writeOnly && access === 'read' ? `read from map forbidden, ${what}` : '';
}

/** The classes of answers that depend on the prototype; '' for all others, and for none. */
export function prototypeComplaint(answer: string, position: number): string {
  const own = new RegExp(
    `^R${position + 1} (type=|!read_ok|min value|invalid zero)|access to the packet|forbidden|^misaligned|may write into`,
  );
  return own.test(answer) ? answer : '';
}

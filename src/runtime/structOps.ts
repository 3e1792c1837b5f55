/** Tables of callbacks that programs implement and the host calls: what struct_ops is outside of a kernel. */
import { WebpfError } from '../errors.ts';
import { type BtfValue, type Codec, valueCodec } from '../frontend/btf/codec.ts';
import { typeById } from '../frontend/btf/lookup.ts';
import type { Btf } from '../frontend/btf/types.ts';
import type { Callback, CallbackParameter, MapSpec } from '../frontend/program.ts';
import { callbackMembers } from '../frontend/structOps.ts';
import { badArgument, packetBytes } from './argument.ts';
import { type EventObject, type EventPointer, isObject, type ProgramEvent } from './events/event.ts';
import type { BpfProgram } from './program.ts';

/**
 * What a callback is called with: an integer; bytes, or a value by its members (`{ x: 1 }`), where a pointer is wanted;
 * an object of the host; nothing for a pointer that may be NULL (`btf_type_tag("nullable")`).
 */
export type CallbackArgument =
  | bigint
  | number
  | boolean
  | Uint8Array
  | EventObject
  | Readonly<Record<string, unknown>>
  | undefined;

const WORD = 8;

/** A callback, ready to be called. */
interface Member {
  readonly program: BpfProgram;
  readonly callback: Callback;
  /** Of values by their members, by index of the parameter. */
  readonly codecs: readonly (Codec | undefined)[];
  readonly result: Codec | undefined;
}

const titleOf = ({ struct, member }: Callback): string => `${struct}::${member}`;

/** What messages call an argument; parameters of pointers to functions seldom have names in BTF. */
function argumentOf(callback: Callback, index: number): string {
  const { name = '' } = callback.parameters[index] ?? {};
  return `argument ${index}${name === '' ? '' : ` (${name})`} of ${titleOf(callback)}`;
}

function integerOf(what: string, value: CallbackArgument): bigint {
  const isWhole = typeof value === 'number' && Number.isSafeInteger(value);
  if (typeof value === 'bigint' || typeof value === 'boolean' || isWhole)
    return BigInt.asUintN(64, BigInt(value));
  throw badArgument(`${what} is an integer: a bigint, a whole number or true and false`);
}

function memoryOf(
  what: string,
  { size }: Extract<CallbackParameter, { kind: 'memory' }>,
  value: CallbackArgument,
  codec: Codec | undefined,
): Uint8Array | EventObject {
  if (value instanceof Uint8Array) {
    const bytes = packetBytes(value);
    if (bytes.length >= size) return bytes;
    throw badArgument(`${what} points to ${size} bytes; these are ${bytes.length}`);
  }
  if (typeof value !== 'object' || codec === undefined)
    throw badArgument(`${what} points to ${size} bytes: a Uint8Array, a value by its members, or an object`);
  return isObject(value as EventPointer['to']) ? (value as EventObject) : codec.encode(value);
}

function pointerOf(
  { callback, codecs }: Member,
  index: number,
  value: CallbackArgument,
): EventPointer | undefined {
  const parameter = callback.parameters[index];
  if (parameter === undefined || parameter.kind === 'scalar') return undefined;
  const what = argumentOf(callback, index);
  if (value === undefined) {
    if (parameter.nullable) return undefined;
    throw badArgument(`${what} may not be left out`);
  }
  const offset = index * WORD;
  if (parameter.kind === 'memory')
    return { offset, to: memoryOf(what, parameter, value, codecs[index]), readOnly: !parameter.writable };
  if (isObject(value as EventPointer['to'])) return { offset, to: value as EventObject };
  throw badArgument(`${what} is an object of the host (engine.object), a ${parameter.struct}`);
}

/** The words that a callback gets in r1. */
function eventOf(member: Member, args: readonly CallbackArgument[]): ProgramEvent {
  const { parameters } = member.callback;
  const data = new Uint8Array(parameters.length * WORD);
  const view = new DataView(data.buffer);
  const pointers = parameters.flatMap((_, index) => pointerOf(member, index, args[index]) ?? []);
  parameters.forEach(({ kind }, index) => {
    if (kind !== 'scalar') return;
    const value = integerOf(argumentOf(member.callback, index), args[index]);
    view.setBigUint64(index * WORD, value, true);
  });
  return { kind: 'memory', data, pointers };
}

const lowBytes = (value: bigint, size: number): Uint8Array => {
  const bytes = new Uint8Array(WORD);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes.subarray(0, size);
};

function codecsOf(btf: Btf, { parameters }: Callback): (Codec | undefined)[] {
  return parameters.map((parameter) =>
    parameter.kind === 'memory' ? valueCodec(btf, parameter.type) : undefined,
  );
}

function memberOf(program: BpfProgram): Member {
  const { callback, btf } = program.spec;
  if (callback === undefined || btf === undefined)
    throw badArgument(`${program.name} implements no member of a table of callbacks`);
  const { result } = callback;
  return {
    program,
    callback,
    codecs: codecsOf(btf, callback),
    result: result === undefined ? undefined : valueCodec(btf, result),
  };
}

/** A table of callbacks (a variable in `SEC(".struct_ops.link")`), with its programs loaded. */
export class StructOps {
  /** Of the variable. */
  readonly name: string;
  /** Of its struct, without `struct`. */
  readonly struct: string;
  /** The callbacks that the struct has, whether or not a program implements them. */
  readonly callbacks: readonly string[];
  /** The other members. */
  readonly values: Readonly<Record<string, BtfValue>>;
  readonly #members: ReadonlyMap<string, Member>;

  /** @param programs those that implement members, loaded */
  constructor(
    { name, btf, valueTypeId = 0, data = new Uint8Array(0) }: MapSpec,
    programs: readonly BpfProgram[],
  ) {
    const table = btf && typeById(btf, valueTypeId);
    if (btf === undefined || table?.kind !== 'struct')
      throw badArgument(`"${name}" is no table of callbacks`);
    this.name = name;
    this.struct = table.name;
    this.callbacks = callbackMembers(btf, table).map((member) => member.name);
    const all = Object.entries(valueCodec(btf, valueTypeId).decode(data) as Record<string, BtfValue>);
    this.values = Object.fromEntries(all.filter(([member]) => !this.callbacks.includes(member)));
    const members = programs.map(memberOf);
    this.#members = new Map(members.map((member) => [member.callback.member, member]));
  }

  /** Whether a program implements the callback. */
  has(callback: string): boolean {
    return this.#members.has(callback);
  }

  /** The program that implements a callback. */
  program(callback: string): BpfProgram {
    return this.#member(callback).program;
  }

  /**
   * Calls a callback. What it writes to memory behind a pointer (that is not `const`) is there afterwards: in the bytes
   * that were given, or in the object with the members.
   *
   * @returns what it returns, as its C type says: a number up to 32 bits, else a bigint; a boolean; undefined of `void`
   * @throws WebpfError 'not-found' for a callback that no program implements; 'bad-argument' for arguments that do not
   * fit; 'trap' as {@link BpfProgram.run}
   */
  call(callback: string, ...args: readonly CallbackArgument[]): BtfValue | undefined {
    const member = this.#member(callback);
    const { parameters } = member.callback;
    if (args.length > parameters.length)
      throw badArgument(
        `${titleOf(member.callback)} takes ${parameters.length} arguments, not ${args.length}`,
      );
    const event = eventOf(member, args);
    const { r0, pointed } = member.program.run(event);
    event.pointers?.forEach(({ offset, readOnly, to }, i) => {
      const bytes = pointed[i];
      if (readOnly !== true && !isObject(to) && bytes !== undefined)
        giveBack(args[offset / WORD], bytes, member.codecs[offset / WORD]);
    });
    const { result } = member;
    return result?.decode(lowBytes(r0, result.size));
  }

  #member(callback: string): Member {
    const member = this.#members.get(callback);
    if (member !== undefined) return member;
    const known = [...this.#members.keys()].join(', ') || 'none';
    const why = this.callbacks.includes(callback)
      ? 'no program implements it'
      : 'the struct has none of this name';
    throw new WebpfError('not-found', `${this.name} has no callback "${callback}": ${why}; it has ${known}`, {
      stage: 'runtime',
      subject: callback,
    });
  }
}

function giveBack(argument: CallbackArgument, bytes: Uint8Array, codec: Codec | undefined): void {
  if (argument instanceof Uint8Array) argument.set(bytes);
  else if (codec !== undefined && typeof argument === 'object') Object.assign(argument, codec.decode(bytes));
}

/** Names of the programs that implement the members of a table. */
export const implementersOf = ({ slots = [] }: MapSpec): readonly string[] =>
  slots.filter(({ kind }) => kind === 'program').map(({ name }) => name);

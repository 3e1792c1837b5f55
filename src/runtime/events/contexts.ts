/**
 * Events of program types whose context is a structure of its own, from plain objects: members by the names that C has
 * for them (include/uapi/linux/bpf.h), read back after the run.
 */
import type { ProgramType } from '../../frontend/program.ts';
import { contextOf } from '../../verifier/contexts/index.ts';
import type { Context, Field } from '../../verifier/contexts/types.ts';
import { badArgument } from '../argument.ts';
import { PlainLayout } from '../objects/layouts.ts';
import { parseAddress } from '../sockets/address.ts';
import { type EventObject, type EventPointer, isObject, type ProgramEvent } from './event.ts';

/**
 * A member's value. Numbers as the program reads them: ports and addresses in network byte order where C has them so;
 * addresses may be text (`192.0.2.1`). Bytes and objects where the member is a pointer: what `data` or `optval` lead to.
 */
export type ContextValue =
  | number
  | bigint
  | string
  | readonly number[]
  | Uint8Array
  | EventObject
  | undefined;

export type ContextFields = Readonly<Record<string, ContextValue>>;

/** Members after a run: numbers of up to 32 bits, bigints of 64, arrays; bytes where a pointer leads to memory. */
export type ContextAfter = Readonly<
  Record<string, number | bigint | readonly number[] | Uint8Array | undefined>
>;

const isScalar = ({ yields }: Field): boolean => yields.kind === 'scalar';
const isEnd = ({ yields }: Field): boolean => yields.kind === 'packetEnd';

const namesOf = ({ fields }: Context): string =>
  [...new Set(fields.filter((one) => !isEnd(one)).map(({ name }) => name))].join(', ');

function memberOf(context: Context, name: string): Field {
  const found = context.fields.find((one) => one.name === name && !isEnd(one));
  if (found !== undefined) return found;
  throw badArgument(
    `struct ${context.name} has no member "${name}" that is given: it has ${namesOf(context)}`,
  );
}

/** An address as the 4 or 16 bytes of its member hold it. */
function scalarOf({ name, size }: Field, value: ContextValue): unknown {
  if (typeof value !== 'string') return value;
  const bytes = parseAddress(`member ${name}`, value);
  if (bytes.length !== size)
    throw badArgument(`member ${name} has ${size} bytes, but ${value} has ${bytes.length}`);
  return size === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : bytes;
}

function pointerOf(context: Context, member: Field, value: ContextValue): EventPointer {
  const { name, offset, size, yields } = member;
  const to =
    value instanceof Uint8Array || (typeof value === 'object' && isObject(value as EventObject))
      ? value
      : undefined;
  if (to === undefined)
    throw badArgument(`member ${name} is a pointer: give it bytes, or an object of the engine`);
  const end = yields.kind === 'packet' ? context.fields.find(isEnd)?.offset : undefined;
  const pointer = { offset, to: to as Uint8Array | EventObject, width: size === 4 ? 4 : 8 } as const;
  return end === undefined ? pointer : { ...pointer, end };
}

function readBack(context: Context, pointers: readonly EventPointer[], scalars: readonly Field[]) {
  const layout = new PlainLayout(context);
  return ({
    data,
    pointed,
  }: {
    readonly data: Uint8Array;
    readonly pointed: readonly Uint8Array[];
  }): ContextAfter => {
    const values = scalars.map(({ name }) => [name, layout.read(data, name)]);
    const memory = pointers.flatMap(({ offset, to }, index) => {
      const name = context.fields.find((one) => one.offset === offset)?.name ?? '';
      return isObject(to) ? [] : [[name, pointed[index]]];
    });
    return Object.fromEntries([...values, ...memory]) as ContextAfter;
  };
}

/**
 * The event of a program type whose context is a structure: `contextEvent('cgroup_sock_addr', { user_ip4: '192.0.2.1',
 * user_port: 0x5000 }, 'cgroup_inet4_connect')`.
 *
 * @param attachType BPF_* in lower case, where the type has several
 * @throws WebpfError 'bad-argument' for types without a structure of their own, members the structure has not, and values
 *   that do not fit
 */
export function contextEvent(
  type: ProgramType,
  fields: ContextFields = {},
  attachType?: string,
): ProgramEvent<ContextAfter> {
  const context = contextOf(type, attachType);
  if (context === undefined || context.fields.length === 0)
    throw badArgument(
      `programs of type ${type}${attachType ? ` (${attachType})` : ''} have no structure as their context`,
    );
  const data = new Uint8Array(context.size);
  const pointers: EventPointer[] = [];
  const scalars: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const member = memberOf(context, name);
    if (isScalar(member)) scalars[name] = scalarOf(member, value);
    else pointers.push(pointerOf(context, member, value));
  }
  new PlainLayout(context).write(data, scalars);
  const shown = context.fields.filter(isScalar);
  return { kind: 'memory', data, pointers, read: readBack(context, pointers, shown) };
}

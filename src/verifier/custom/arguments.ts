import type { Argument, ArgumentKind } from '../helpers/types.ts';
import { checkName, refuseDefinition } from './refuse.ts';

/** r1 to r5. */
const MOST_ARGUMENTS = 5;
const LARGEST_MEMORY = 2 ** 29;

type Check<K extends ArgumentKind> = (
  argument: Extract<Argument, { readonly kind: K }>,
  where: string,
  args: readonly Argument[],
  position: number,
) => void;

const fine = (): undefined => undefined;

const isOneOf = (where: string, what: string, value: unknown, allowed: readonly unknown[]): void => {
  if (allowed.includes(value)) return;
  const list = allowed.filter((each) => each !== undefined).join(', ');
  refuseDefinition(where, `${what} must be one of ${list}, not ${String(value)}`);
};
const isBoolean = (where: string, what: string, value: unknown): void => {
  if (typeof value !== 'boolean')
    refuseDefinition(where, `${what} must be true or false, not ${String(value)}`);
};

const after = (kind: ArgumentKind, args: readonly Argument[], position: number): boolean =>
  args.slice(0, position).some((argument) => argument.kind === kind);

const isSized = (argument: Argument | undefined): boolean =>
  argument?.kind === 'memory' && argument.size === undefined;

const memory: Check<'memory'> = ({ access, nullable, size, aligned }, where, args, position) => {
  isOneOf(where, 'access', access, ['read', 'write', 'uninit']);
  isBoolean(where, 'nullable', nullable);
  if (size === undefined) {
    if (args[position + 1]?.kind !== 'size')
      refuseDefinition(
        where,
        `memory needs its number of bytes: a fixed "size", or an argument of kind 'size' next`,
      );
    if (aligned !== undefined) refuseDefinition(where, 'memory of any size cannot be aligned to it');
    return;
  }
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_MEMORY)
    refuseDefinition(where, `memory must have 1 to ${LARGEST_MEMORY} bytes, not ${String(size)}`);
  if (aligned !== undefined) isBoolean(where, 'aligned', aligned);
  if (aligned === true && ![1, 2, 4, 8].includes(size))
    refuseDefinition(where, `memory that is aligned to its size must have 1, 2, 4 or 8 bytes, not ${size}`);
};

const size: Check<'size'> = ({ zeroAllowed }, where, args, position) => {
  isBoolean(where, 'zeroAllowed', zeroAllowed);
  if (!isSized(args[position - 1]))
    refuseDefinition(where, 'a size follows the memory whose bytes it counts, and that has no fixed size');
};

const ofMap = (where: string, args: readonly Argument[], position: number): void => {
  if (!after('map', args, position))
    refuseDefinition(
      where,
      `the size of keys and values is that of a map: an argument of kind 'map' goes before`,
    );
};

const nullable = (argument: { readonly nullable: boolean }, where: string): void =>
  isBoolean(where, 'nullable', argument.nullable);

/** By kind: what must hold of an argument beyond its type, and of callers that have no types. */
const CHECKS: { readonly [K in ArgumentKind]: Check<K> } = {
  anything: fine,
  map: (_, where, args, position) => {
    if (after('map', args, position)) refuseDefinition(where, 'a helper takes one map at most');
  },
  mapKey: (_, where, args, position) => ofMap(where, args, position),
  mapValue: (argument, where, args, position) => {
    isOneOf(where, 'access', argument.access, ['read', 'write', 'uninit']);
    isBoolean(where, 'nullable', argument.nullable);
    ofMap(where, args, position);
  },
  memory,
  size,
  allocationSize: (_, where, args, position) => {
    if (after('allocationSize', args, position))
      refuseDefinition(where, 'there is one memory that is returned, and so one allocationSize');
  },
  context: nullable,
  socket: (argument, where) => {
    isOneOf(where, 'of', argument.of, ['sock_common', 'btf_sock_common', 'sock']);
    isBoolean(where, 'nullable', argument.nullable);
    isBoolean(where, 'release', argument.release);
  },
  btf: (argument, where) => {
    checkName(`${where}, struct`, argument.struct);
    isBoolean(where, 'nullable', argument.nullable);
  },
  perCpuBtf: fine,
  ringRecord: fine,
  callback: (_, where, args, position) => {
    if (after('callback', args, position)) refuseDefinition(where, 'a helper takes one callback at most');
  },
  stack: nullable,
  constantString: fine,
  spinLock: fine,
  timer: fine,
  kptr: fine,
  kptrValue: (_, where, args, position) => {
    if (!after('kptr', args, position))
      refuseDefinition(where, `the pointer goes into a field: an argument of kind 'kptr' goes before`);
  },
  dynptr: (argument, where) => {
    isOneOf(where, 'state', argument.state, ['uninit', 'initialised']);
    isOneOf(where, 'of', argument.of, ['local', 'ringbuf', undefined]);
    isBoolean(where, 'readOnly', argument.readOnly);
    isBoolean(where, 'release', argument.release);
    if (argument.state === 'uninit' && argument.of === undefined)
      refuseDefinition(where, `a dynptr that the call makes is of a kind: "of" must be local or ringbuf`);
    if (argument.state === 'uninit' && argument.release)
      refuseDefinition(where, 'a dynptr that the call makes cannot be released by it');
  },
};

const KINDS: ReadonlySet<string> = new Set(Object.keys(CHECKS));

function checkArgument<K extends ArgumentKind>(
  kind: K,
  argument: Extract<Argument, { readonly kind: K }>,
  where: string,
  place: readonly [args: readonly Argument[], position: number],
): void {
  CHECKS[kind](argument, where, ...place);
}

/**
 * Checks what a helper takes. `what` names the helper.
 *
 * @throws WebpfError `bad-argument` that names the argument, r1 to r5
 */
export function checkArguments(what: string, args: readonly Argument[]): void {
  if (!Array.isArray(args)) refuseDefinition(what, 'its args must be a list of arguments');
  if (args.length > MOST_ARGUMENTS)
    refuseDefinition(
      what,
      `it takes ${args.length} arguments, but there are registers for ${MOST_ARGUMENTS}`,
    );
  args.forEach((argument, position) => {
    const where = `${what}, argument r${position + 1}`;
    if (!KINDS.has(argument?.kind))
      refuseDefinition(
        where,
        `its kind must be one of ${[...KINDS].join(', ')}, not ${String(argument?.kind)}`,
      );
    checkArgument(argument.kind, argument, where, [args, position]);
  });
}

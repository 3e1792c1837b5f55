import * as layout from '../abi/layout.ts';
import type { Argument } from '../verifier/helpers/types.ts';
import type { LinearMemory } from './memory.ts';

/** Bytes of memory from an address on. */
interface Range {
  readonly address: bigint;
  readonly size: number;
}

/** Value size of the map among the arguments. */
function valueSize(memory: LinearMemory, args: readonly Argument[], values: readonly bigint[]): number {
  const map = values[args.findIndex(({ kind }) => kind === 'map')];
  return map === undefined ? 0 : memory.u32(Number(map) + layout.MAP_VALUE_SIZE);
}

/** The memory that a helper with these arguments, called with these values, is declared to write. */
function outputs(memory: LinearMemory, args: readonly Argument[], values: readonly bigint[]): Range[] {
  return args.flatMap((argument, index) => {
    const address = values[index] ?? 0n;
    if (argument.kind === 'mapValue' && argument.access !== 'read')
      return [{ address, size: valueSize(memory, args, values) }];
    if (argument.kind !== 'memory' || argument.access === 'read') return [];
    return [{ address, size: argument.size ?? Number(values[index + 1] ?? 0n) }];
  });
}

const isWithin = (address: bigint, size: number, range: Range): boolean =>
  address >= range.address && address + BigInt(size) <= range.address + BigInt(range.size);

const overlaps = (address: bigint, size: number, start: number, end: number): boolean =>
  address < BigInt(end) && address + BigInt(size) > BigInt(start);

/**
 * Whether a helper of the host's may write there in a verified program. What is on the stack and in the context
 * structure the verifier knows: only what the helper is declared to write may change there.
 */
export function mayWrite(
  memory: LinearMemory,
  run: number,
  [address, size]: readonly [bigint, number],
  args: readonly Argument[],
  values: readonly bigint[],
): boolean {
  const known = [
    [layout.RUN_STACK, layout.RUN_STACK_TOP],
    [layout.RUN_CTX, layout.RUN_CTX_END],
  ] as const;
  const isKnown = known.some(([start, end]) =>
    overlaps(address, size, memory.u32(run + start), memory.u32(run + end)),
  );
  return !isKnown || outputs(memory, args, values).some((range) => isWithin(address, size, range));
}

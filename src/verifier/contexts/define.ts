import { WebpfError } from '../../errors.ts';
import { ANY_WIDTH } from './fields.ts';
import type { Context, Field } from './types.ts';

const MAX_SIZE = 65_535;
const MAX_FIELDS = 4096;
const POINTER_SIZES = [4, 8];

const refuse = (context: Context, problem: string): never => {
  throw new WebpfError('bad-argument', `context ${context.name}: ${problem}`, {
    stage: 'verifier',
    subject: context.name,
  });
};

const isWhole = (value: number, min: number, max: number): boolean =>
  Number.isInteger(value) && value >= min && value <= max;

const checkPlace = (context: Context, { name, offset, size }: Field): void => {
  if (isWhole(offset, 0, MAX_SIZE) && isWhole(size, 1, context.size - offset)) return;
  refuse(
    context,
    `field ${name} at offset ${offset} with ${size} bytes does not lie within the ${context.size} bytes`,
  );
};

const checkWidths = (context: Context, { name, read, write }: Field): void => {
  if (isWhole(read, 0, ANY_WIDTH) && isWhole(write, 0, ANY_WIDTH)) return;
  refuse(context, `field ${name}: access sizes are sums of 1, 2, 4 and 8, not read ${read}, write ${write}`);
};

/** A pointer that a program could write, or read in parts, would be no pointer any more. */
const checkPointer = (context: Context, { name, offset, size, read, write, yields }: Field): void => {
  if (yields.kind === 'scalar') return;
  if (!POINTER_SIZES.includes(size) || offset % size !== 0) {
    refuse(context, `pointer ${name} must have 4 or 8 bytes and be aligned to them`);
  }
  if (read !== size || write !== 0) refuse(context, `pointer ${name} must be read whole and never written`);
  if (yields.kind === 'memory' && !isWhole(yields.size, 1, 2 ** 31 - 1)) {
    refuse(context, `pointer ${name} must lead to 1 to 2147483647 bytes, not ${yields.size}`);
  }
};

const checkOverlap = (context: Context): void => {
  const sorted = [...context.fields].sort((a, b) => a.offset - b.offset);
  sorted.forEach((one, index) => {
    const next = sorted[index + 1];
    if (next === undefined || one.offset + one.size <= next.offset) return;
    refuse(context, `fields ${one.name} and ${next.name} overlap at offset ${next.offset}`);
  });
};

/** Packet pointers are bounded by comparing them with the packet's end, or not at all. */
const checkPacket = (context: Context): void => {
  const kinds = new Set(context.fields.map(({ yields }) => yields.kind));
  const packet = kinds.has('packet');
  if (packet !== kinds.has('packetEnd')) refuse(context, 'a packet needs both its start and its end');
  if (kinds.has('packetMeta') && !packet) refuse(context, 'packet metadata needs a packet behind it');
  if (packet === (context.packet === 'none')) {
    const right = packet ? "'loads', 'read' or 'write'" : "'none'";
    refuse(context, `packet access '${context.packet}' does not fit its fields: ${right} does`);
  }
};

/**
 * Checks the context of a host's own program type, built by hand or with the forms of fields.ts.
 *
 * @returns the context, to be used like those of Linux
 * @throws {WebpfError} `bad-argument` for fields outside the structure or over one another, pointers that a program
 *   could take apart, a packet without an end, sizes beyond 65535 bytes or 4096 fields
 */
export function defineContext(context: Context): Context {
  const { size, fields } = context;
  if (!isWhole(size, 1, MAX_SIZE)) refuse(context, `its size must be 1 to ${MAX_SIZE} bytes, not ${size}`);
  if (fields.length > MAX_FIELDS) refuse(context, `it has ${fields.length} fields, more than ${MAX_FIELDS}`);
  for (const field of fields) {
    checkPlace(context, field);
    checkWidths(context, field);
    checkPointer(context, field);
  }
  checkOverlap(context);
  checkPacket(context);
  return context;
}

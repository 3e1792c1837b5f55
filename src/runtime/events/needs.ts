/** Whether an event supplies the pointers that a verified program loads from its context. */
import type { ContextPointer } from '../../verifier/proof.ts';
import { badArgument } from '../argument.ts';
import { blockOf, type EventPointer, isObject } from './event.ts';

const WHAT: Readonly<Record<ContextPointer['to'], string>> = {
  memory: 'memory',
  packet: 'the start of a packet',
  packetMeta: "the start of a packet's metadata",
  packetEnd: 'the end of a packet',
  object: 'an object of the host',
};

const sizeOf = (pointer: EventPointer): number =>
  isObject(pointer.to) ? pointer.to.size : (blockOf(pointer)?.bytes.length ?? 0);

const place = ({ name, offset }: ContextPointer): string => `"${name}" at offset ${offset} of its context`;

/** The pointer of the event that fills the field. */
const supplied = (pointers: readonly EventPointer[], need: ContextPointer): EventPointer | undefined =>
  pointers.find(
    ({ offset, end, width = 8 }) =>
      width === need.width && (need.to === 'packetEnd' ? end : offset) === need.offset,
  );

function isNull(data: Uint8Array, { offset, width }: ContextPointer): boolean {
  return data.subarray(offset, offset + width).every((byte) => byte === 0);
}

function checkOne(
  program: string,
  need: ContextPointer,
  data: Uint8Array,
  pointers: readonly EventPointer[],
): void {
  const pointer = supplied(pointers, need);
  if (pointer === undefined) {
    if (need.nullable && isNull(data, need)) return;
    throw badArgument(
      `${program} loads the pointer ${place(need)} (${WHAT[need.to]}), which bytes alone cannot supply: run it over an event with a pointer there`,
    );
  }
  if ((need.to === 'object') !== isObject(pointer.to)) {
    throw badArgument(`${program} takes ${place(need)} for ${WHAT[need.to]}, but the event has none there`);
  }
  if (sizeOf(pointer) >= need.bytes) return;
  throw badArgument(
    `${program} takes ${place(need)} for ${need.bytes} bytes of ${WHAT[need.to]}, but the event has ${sizeOf(pointer)} there`,
  );
}

/** Start and end of a packet are those of one memory. */
function checkPackets(
  program: string,
  needs: readonly ContextPointer[],
  pointers: readonly EventPointer[],
): void {
  const starts = needs.filter(({ to }) => to === 'packet' || to === 'packetMeta');
  const end = needs.find(({ to }) => to === 'packetEnd');
  const start = starts[0];
  if (end === undefined || start === undefined) return;
  if (supplied(pointers, start) === supplied(pointers, end)) return;
  throw badArgument(`${program} needs ${place(start)} and ${place(end)} as start and end of the same memory`);
}

/**
 * @param data the context structure
 * @param pointers of the event; none for plain bytes
 * @throws WebpfError 'bad-argument' that names the field and what belongs there
 */
export function checkNeeds(
  program: string,
  needs: readonly ContextPointer[],
  data: Uint8Array,
  pointers: readonly EventPointer[] = [],
): void {
  for (const need of needs) checkOne(program, need, data, pointers);
  checkPackets(program, needs, pointers);
}

import { badArgument, integer, packetBytes } from '../argument.ts';
import type { ContextKind, RunContext } from '../context.ts';
import { HostObject } from '../objects/object.ts';
import type { RunResult } from '../result.ts';
import { Socket } from '../sockets/socket.ts';

/** Memory that lies beside a context: bytes, or bytes with pointers to more of them inside. */
export interface EventBlock {
  readonly bytes: Uint8Array;
  readonly pointers?: readonly EventPointer[];
}

/** What has a place of its own in the engine's memory. */
export type EventObject = HostObject | Socket;

/** A pointer in a context structure (or a block) to memory that is placed for the run, or to an object of the host. */
export interface EventPointer {
  /** Where the pointer goes, bytes from the structure's start. */
  readonly offset: number;
  readonly to: Uint8Array | EventBlock | EventObject;
  /** Where a pointer to the first byte behind it goes, as `data_end` beside `data`. Default: nowhere. */
  readonly end?: number;
  /** Bytes of the pointer: 8 unless told. */
  readonly width?: 4 | 8;
  /** Sandboxed programs may not write there. Default false. */
  readonly readOnly?: boolean;
}

/** What a run has left of its event. */
export interface EventAfter {
  /** Unsigned 64 bits. */
  readonly r0: bigint;
  /** The context structure (or the packet); pointers as `data` of the event had them. */
  readonly data: Uint8Array;
  /** What the event's pointers lead to, in their order. */
  readonly pointed: readonly Uint8Array[];
}

/**
 * What a program is run over, as the constructors for the contexts of program types make it: `program.run(event)`.
 *
 * @typeParam Fields what is read back of it after a run
 */
export interface ProgramEvent<Fields = unknown> {
  /** How the program must see its events. */
  readonly kind: ContextKind;
  /** The packet; for programs that have no packet context, the bytes of the context structure. */
  readonly data: Uint8Array;
  /** Fields of `struct xdp_md` or `struct __sk_buff`. */
  readonly context?: RunContext;
  /** Pointers in the context structure. */
  readonly pointers?: readonly EventPointer[];
  /** Makes the fields of what the run has left. */
  readonly read?: (after: EventAfter) => Fields;
}

/** What a run over an event gives back. */
export interface EventResult<Fields = unknown> extends RunResult {
  /** What the event's `read` made of what the run has left; undefined for events without it. */
  readonly event: Fields;
  /** What the event's pointers led to, after the run, in their order: copies. */
  readonly pointed: readonly Uint8Array[];
}

export const isEvent = (input: Uint8Array | ProgramEvent): input is ProgramEvent =>
  !ArrayBuffer.isView(input) && typeof input === 'object' && input !== null && 'kind' in input;

/** Whether it takes more than its bytes to lay it out: a packet may stand for it otherwise. */
export const hasMore = ({ context, pointers = [] }: ProgramEvent): boolean =>
  context !== undefined || pointers.length > 0;

const OFFSET_MAX = 65_535;

/** @throws WebpfError 'bad-argument' for a pointer that lies outside of the structure it is in */
export function checkPointers(pointers: readonly EventPointer[], size: number): void {
  for (const { offset, end, width = 8 } of pointers) {
    for (const at of [offset, end ?? offset]) {
      integer("the offset of an event's pointer", at, 0, OFFSET_MAX);
      if (at + width <= size) continue;
      throw badArgument(
        `an event has a pointer of ${width} bytes at offset ${at} of a structure of ${size}: it must lie inside`,
      );
    }
  }
}

export const isObject = (to: EventPointer['to']): to is EventObject =>
  to instanceof HostObject || to instanceof Socket;

/** The block of a pointer's memory; undefined for an object of the host. */
export function blockOf({ to }: EventPointer): EventBlock | undefined {
  if (ArrayBuffer.isView(to)) return { bytes: packetBytes(to) };
  return 'bytes' in to ? to : undefined;
}

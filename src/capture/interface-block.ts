/** Interface description blocks of pcapng, and the options in them that packets depend on. */
import { type Clock, unitsClock } from './clock.ts';
import { type Chunk, damaged } from './packet.ts';

export interface CaptureInterface {
  readonly linkType: number;
  /** Longest packet kept, in bytes; 0 for no limit. */
  readonly snapLength: number;
  readonly clock: Clock;
}

const OPTION_END = 0;
const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;

/** Reads the block body in [body, end) of the chunk. */
export function parseInterface(chunk: Chunk, body: number, end: number, little: boolean): CaptureInterface {
  if (end - body < 8) {
    throw damaged(
      chunk,
      body,
      `an interface description with a body of ${end - body} bytes; it takes at least 8`,
    );
  }
  return {
    linkType: chunk.view.getUint16(body, little),
    snapLength: chunk.view.getUint32(body + 4, little),
    clock: readClock(chunk, body + 8, end, little),
  };
}

function readClock(chunk: Chunk, begin: number, end: number, little: boolean): Clock {
  let resolution: number | undefined;
  let offset: bigint | undefined;
  for (const { code, at, length } of options(chunk, begin, end, little)) {
    if (code === OPTION_TSRESOL) {
      needLength(chunk, at, 'if_tsresol', length, 1);
      resolution = chunk.view.getUint8(at);
    } else if (code === OPTION_TSOFFSET) {
      needLength(chunk, at, 'if_tsoffset', length, 8);
      offset = chunk.view.getBigInt64(at, little);
    }
  }
  return unitsClock(resolution, offset);
}

interface Option {
  readonly code: number;
  /** Index and bytes of the value. */
  readonly at: number;
  readonly length: number;
}

function* options(chunk: Chunk, begin: number, end: number, little: boolean): Generator<Option> {
  // The end-of-options mark may be left out: the end of the block does as well.
  for (let at = begin; end - at >= 4; ) {
    const code = chunk.view.getUint16(at, little);
    const length = chunk.view.getUint16(at + 2, little);
    if (code === OPTION_END) return;
    if (length > end - at - 4) {
      throw damaged(chunk, at, `option ${code} of ${length} bytes runs past the end of its block`);
    }
    yield { code, at: at + 4, length };
    at += 4 + ((length + 3) & ~3);
  }
}

function needLength(chunk: Chunk, at: number, name: string, length: number, right: number): void {
  if (length !== right)
    throw damaged(chunk, at, `option ${name} of ${length} bytes, where it takes ${right}`);
}

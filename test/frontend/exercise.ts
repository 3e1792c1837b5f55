import { WebpfError } from '../../src/errors.ts';
import { rawCodec, valueCodec } from '../../src/frontend/btf/codec.ts';
import { typeName } from '../../src/frontend/btf/name.ts';
import { openObject } from '../../src/frontend/object.ts';
import type { MapSpec, ObjectFile } from '../../src/frontend/program.ts';

/** The most bytes of a value worth decoding here. */
const MAX_VALUE = 1 << 16;

function exerciseType(map: MapSpec, id: number | undefined): void {
  if (map.btf === undefined || id === undefined) return;
  typeName(map.btf, id);
  const codec = valueCodec(map.btf, id);
  if (codec.size > MAX_VALUE) return;
  codec.encode(codec.decode(new Uint8Array(codec.size)));
}

function tolerant(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof WebpfError)) throw error;
  }
}

function exerciseMaps({ maps }: ObjectFile): void {
  for (const map of maps) {
    tolerant(() => exerciseType(map, map.keyTypeId));
    tolerant(() => exerciseType(map, map.valueTypeId));
    if (map.valueSize <= MAX_VALUE) rawCodec(map.valueSize).decode(new Uint8Array(map.valueSize));
  }
}

/** Opens and looks at everything; undefined when it was refused with a WebpfError, as damage should be. */
export function exercise(bytes: Uint8Array, name: string): ObjectFile | undefined {
  let object: ObjectFile | undefined;
  tolerant(() => {
    object = openObject(bytes, name);
  });
  if (object !== undefined) exerciseMaps(object);
  return object;
}

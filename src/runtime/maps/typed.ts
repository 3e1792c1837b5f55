import { badArgument } from '../argument.ts';
import { u32Bytes } from '../bytes.ts';
import type { Engine } from '../engine.ts';
import { HostObject } from '../objects/object.ts';
import { Socket } from '../sockets/socket.ts';
import { codecsOf, type KeyCodec } from './codecs.ts';
import { isStorage } from './kinds.ts';
import { BpfMap } from './map.ts';
import type { RawMap } from './raw.ts';

/** Keys of local storage maps: the objects and sockets of the engine that values belong to. */
function ownerCodec({ memory, objects, sockets }: Engine): KeyCodec {
  return {
    size: 4,
    decode: (bytes) => {
      const address = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      return objects.at(address) ?? sockets.at(address) ?? address;
    },
    encode: (owner) => {
      if (owner instanceof HostObject || owner instanceof Socket) return u32Bytes(owner.addressIn(memory));
      throw badArgument(
        'a value of a local storage map belongs to an object: the key is what engine.object() or engine.socket() gave',
      );
    },
  };
}

/** A map with its keys and values as its types say. */
export function typedMap<K, V>(engine: Engine, raw: RawMap): BpfMap<K, V> {
  const codecs = codecsOf(raw.spec, raw.perCpu ? engine.cpus : undefined);
  return new BpfMap<K, V>(raw, isStorage(raw.spec.type) ? { ...codecs, key: ownerCodec(engine) } : codecs);
}

import * as abi from '../../abi/maps.ts';
import { WebpfError } from '../../errors.ts';
import { type Codec, rawCodec, valueCodec } from '../../frontend/btf/codec.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { align8, u32Bytes } from '../bytes.ts';
import { naming } from '../naming.ts';

/** As a codec; what it decodes need not be a value of BTF. */
export interface KeyCodec extends Omit<Codec, 'decode'> {
  decode(bytes: Uint8Array): unknown;
}

/** How the keys and values of a map are decoded. */
export interface MapCodecs {
  readonly key: KeyCodec;
  readonly value: Codec;
}

const indexCodec: Codec = {
  size: 4,
  decode: (bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true),
  encode: (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new WebpfError('bad-map', `an index is an integer from 0 to 4294967295, not ${String(value)}`, {
        stage: 'runtime',
      });
    }
    return u32Bytes(value);
  },
};

const indexed: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_ARRAY,
  abi.MAP_TYPE_PERCPU_ARRAY,
  abi.MAP_TYPE_PROG_ARRAY,
  abi.MAP_TYPE_PERF_EVENT_ARRAY,
  abi.MAP_TYPE_ARRAY_OF_MAPS,
  abi.MAP_TYPE_DEVMAP,
  abi.MAP_TYPE_CPUMAP,
  abi.MAP_TYPE_XSKMAP,
  abi.MAP_TYPE_STRUCT_OPS,
]);

/** One value for each CPU, each rounded up to 8 bytes, as an array. */
function perCpuCodec(element: Codec, valueSize: number, cpus: number): Codec {
  const stride = align8(valueSize);
  return {
    size: stride * cpus,
    decode: (bytes) =>
      Array.from({ length: cpus }, (_, cpu) =>
        element.decode(bytes.subarray(cpu * stride, cpu * stride + valueSize)),
      ),
    encode: (values) => {
      if (!Array.isArray(values) || values.length !== cpus) {
        throw new WebpfError('bad-map', `a per-CPU value is an array of ${cpus} values, one for each CPU`, {
          stage: 'runtime',
        });
      }
      const out = new Uint8Array(stride * cpus);
      values.forEach((value, cpu) => {
        out.set(element.encode(value), cpu * stride);
      });
      return out;
    },
  };
}

function codecFor(spec: MapSpec, typeId: number | undefined, size: number): Codec {
  if (!spec.btf || !typeId) return rawCodec(size);
  const codec = valueCodec(spec.btf, typeId);
  return codec.size === size ? codec : rawCodec(size);
}

/** Errors about a key or a value name the map. */
const ofMap = (codec: Codec, { name }: MapSpec, what: 'key' | 'value'): Codec => ({
  ...codec,
  encode: (value) => naming(`map "${name}", ${what}`, name, () => codec.encode(value)),
});

/** Codecs by the map's BTF; raw bytes where it has none, numbers for array indexes. */
export function codecsOf(spec: MapSpec, cpus: number | undefined): MapCodecs {
  const key = indexed.has(spec.type) ? indexCodec : codecFor(spec, spec.keyTypeId, spec.keySize);
  const one = codecFor(spec, spec.valueTypeId, spec.valueSize);
  const value = cpus === undefined ? one : perCpuCodec(one, spec.valueSize, cpus);
  return { key: ofMap(key, spec, 'key'), value: ofMap(value, spec, 'value') };
}

/**
 * Values of the host's configuration that objects declare with `__kconfig` (libbpf's bpf_object__read_kconfig_file): one
 * map `.kconfig`, read-only, with a value for each variable.
 */
import { BPF_F_RDONLY_PROG, MAP_TYPE_ARRAY } from '../abi/maps.ts';
import { WebpfError } from '../errors.ts';
import { valueCodec } from './btf/codec.ts';
import { resolve, sizeOf } from './btf/lookup.ts';
import type { Btf } from './btf/types.ts';
import type { MapSpec } from './program.ts';

/** `y`, `n`, `m`, a number, or text; by name with its CONFIG_. */
export type KconfigValue = string | number | bigint | boolean;
export type Kconfig = Readonly<Record<string, KconfigValue>>;

/** What libbpf finds out by itself: the kernel whose rules hold here, with what it has. */
const VIRTUAL: Kconfig = {
  LINUX_KERNEL_VERSION: (6 << 16) | (18 << 8),
  LINUX_HAS_BPF_COOKIE: 1,
  LINUX_HAS_SYSCALL_WRAPPER: 1,
};

const bad = (name: string, message: string): WebpfError =>
  new WebpfError('bad-argument', `kconfig ${name}: ${message}`, { stage: 'frontend', subject: name });

/** enum libbpf_tristate, and bool, by letter. */
const LETTERS: Readonly<Record<string, number>> = { n: 0, y: 1, m: 2 };

/** One line of a configuration file: CONFIG_HZ=1000, CONFIG_LOCALVERSION="-x". */
const LINE = /^(CONFIG_\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))\s*$/;

/** The values of a configuration file, such as a kernel's (`/boot/config-…`, `/proc/config.gz` unpacked). */
export function parseKconfig(text: string): Kconfig {
  const found: Record<string, KconfigValue> = {};
  for (const line of text.split('\n')) {
    const [, name, quoted, plain = ''] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    if (quoted !== undefined) found[name] = quoted.replaceAll(/\\(.)/g, '$1');
    else found[name] = /^-?(0x[\da-f]+|\d+)$/i.test(plain) ? Number(plain) : plain;
  }
  return found;
}

/** The value as its type holds it: letters stand for numbers where there is no text. */
function plainValue(btf: Btf, type: number, value: KconfigValue): unknown {
  const kind = resolve(btf, type).kind;
  // As libbpf does: what is too long is cut off.
  if (kind === 'array') return String(value).slice(0, Math.max(0, sizeOf(btf, type) - 1));
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string' && value in LETTERS) {
    return sizeOf(btf, type) === 1 && kind === 'int' && isChar(btf, type)
      ? value.charCodeAt(0)
      : (LETTERS[value] ?? 0);
  }
  return sizeOf(btf, type) === 8 && typeof value === 'number' ? BigInt(value) : value;
}

const isChar = (btf: Btf, type: number): boolean => {
  const found = resolve(btf, type);
  return found.kind === 'int' && found.name === 'char';
};

function encoded(btf: Btf, name: string, type: number, value: KconfigValue): Uint8Array {
  try {
    const plain = plainValue(btf, type, value);
    const kind = resolve(btf, type).kind;
    const isBool = kind === 'int' && resolve(btf, type).name === '_Bool';
    return valueCodec(btf, type).encode(isBool ? Boolean(plain) : plain);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw bad(name, `its value ${JSON.stringify(String(value))} does not fit its type: ${reason}`);
  }
}

/** The map of an object's configuration values. */
export class KconfigMap {
  /** By name, offset in the map's value. */
  readonly #offsets = new Map<string, number>();
  readonly #given = new Set<string>();
  readonly spec: MapSpec;

  constructor(btf: Btf, values: Kconfig) {
    const variables = btf.types.flatMap((type) =>
      type.kind === 'datasec' && type.name === '.kconfig' ? type.variables : [],
    );
    const parts: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
    let end = 0;
    for (const { type } of variables) {
      const variable = btf.types[type];
      if (variable?.kind !== 'var') continue;
      const size = sizeOf(btf, variable.type);
      const offset = alignTo(end, Math.min(8, size || 1));
      const value = values[variable.name] ?? VIRTUAL[variable.name];
      this.#offsets.set(variable.name, offset);
      if (value !== undefined) {
        this.#given.add(variable.name);
        parts.push({ offset, bytes: encoded(btf, variable.name, variable.type, value) });
      }
      end = offset + size;
    }
    const data = new Uint8Array(alignTo(end, 8));
    for (const { offset, bytes } of parts) data.set(bytes, offset);
    this.spec = {
      name: '.kconfig',
      type: MAP_TYPE_ARRAY,
      keySize: 4,
      valueSize: data.length,
      maxEntries: 1,
      flags: BPF_F_RDONLY_PROG,
      data,
      frozen: true,
      section: '.kconfig',
    };
  }

  /** Where a variable is; undefined for one that nothing is known of and that must not be missing (not weak). */
  offsetOf(name: string, isWeak: boolean): number | undefined {
    return isWeak || this.#given.has(name) ? this.#offsets.get(name) : undefined;
  }
}

/** Natural alignment: sizes that are no power of two (text) need none. */
function alignTo(value: number, size: number): number {
  const step = (size & (size - 1)) === 0 ? size : 1;
  return Math.ceil(value / step) * step;
}

import { EINVAL } from '../abi/maps.ts';
import { WebpfError } from '../errors.ts';
import { type ParsedBtf, parseBtf } from '../frontend/btf/parse.ts';
import type { Btf } from '../frontend/btf/types.ts';
import { refuse } from './errors.ts';
import { type IdTable, KernelObject } from './objects.ts';

/** Types that were loaded (BTF_LOAD), or that came with an object file. */
export class BtfObject extends KernelObject {
  readonly kind = 'btf';
  readonly btf: Btf;
  /** As loaded; undefined for types of an object file, of which the engine keeps the meaning alone. */
  readonly bytes: Uint8Array | undefined;
  readonly name: string;
  readonly strings: ParsedBtf['strings'] | undefined;
  readonly #table: IdTable<BtfObject>;

  constructor(
    table: IdTable<BtfObject>,
    id: number,
    parts: Pick<BtfObject, 'btf' | 'bytes' | 'name' | 'strings'>,
  ) {
    super(id);
    this.#table = table;
    this.btf = parts.btf;
    this.bytes = parts.bytes;
    this.name = parts.name;
    this.strings = parts.strings;
    table.add(this);
  }

  protected override release(): void {
    this.#table.remove(this.id);
  }
}

/** @throws WebpfError -EINVAL for bytes that are no BTF: the cause says where they go wrong */
export function parseLoaded(bytes: Uint8Array): ParsedBtf {
  try {
    return parseBtf(bytes, 'BTF_LOAD');
  } catch (cause) {
    if (!(cause instanceof WebpfError)) throw cause;
    return refuse('BTF_LOAD', EINVAL, cause.message);
  }
}

/** The object of types that are known already, or a new one for those of an object file. */
export function btfObjectOf(table: IdTable<BtfObject>, btf: Btf): BtfObject {
  for (const one of table.values()) if (one.btf === btf) return one;
  return new BtfObject(table, table.take(), { btf, bytes: undefined, name: '', strings: undefined });
}

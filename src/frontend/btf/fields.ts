/** Single members of structures by name, where the whole is more than anybody wants to write down. */
import { WebpfError } from '../../errors.ts';
import { readBits, writeBits } from './codec/bits.ts';
import { type BtfValue, type Codec, valueCodec } from './codec.ts';
import { resolve } from './lookup.ts';
import type { Btf, BtfComposite, BtfMember } from './types.ts';

/** A member that was found, through anonymous ones. */
interface Found {
  readonly member: BtfMember;
  /** From the start of the structure. */
  readonly bitOffset: number;
}

const compositeAt = (btf: Btf, typeId: number): BtfComposite | undefined => {
  const type = resolve(btf, typeId);
  return type.kind === 'struct' || type.kind === 'union' ? type : undefined;
};

function find(btf: Btf, type: BtfComposite, name: string, base = 0, depth = 0): Found | undefined {
  if (depth > 64) return undefined;
  for (const member of type.members) {
    const bitOffset = base + member.bitOffset;
    if (member.name === name) return { member, bitOffset };
    const inner = member.name === '' ? compositeAt(btf, member.type) : undefined;
    const found = inner && find(btf, inner, name, bitOffset, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unknown(name: string, type: BtfComposite): never {
  throw new WebpfError('bad-argument', `${type.kind} ${type.name} has no member "${name}"`, {
    stage: 'runtime',
    subject: name,
  });
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Turns what values of a pointer member stand for into addresses; undefined for what it does not know. */
export type AddressOf = (value: unknown) => bigint | undefined;

/** Members of a structure by name, over its bytes. */
export class StructureFields {
  readonly #btf: Btf;
  readonly #type: BtfComposite;
  readonly #addressOf: AddressOf;
  readonly #codecs = new Map<number, Codec>();

  constructor(btf: Btf, typeId: number, addressOf: AddressOf = () => undefined) {
    const type = compositeAt(btf, typeId);
    if (type === undefined)
      throw new WebpfError('bad-btf', `BTF type ${typeId} is neither a struct nor a union`, {
        stage: 'frontend',
      });
    this.#btf = btf;
    this.#type = type;
    this.#addressOf = addressOf;
  }

  /** Bytes. */
  get size(): number {
    return this.#type.size;
  }

  /**
   * Writes the members that are given, and leaves the others as they are. Structures inside take objects of members.
   * @throws WebpfError 'bad-argument' for a member that is not there, 'bad-map' for a value that does not fit
   */
  write(bytes: Uint8Array, fields: Readonly<Record<string, unknown>>): void {
    this.#write(bytes, this.#type, 0, fields);
  }

  /** A member by its path (`a.b`). */
  read(bytes: Uint8Array, path: string): BtfValue {
    let type = this.#type;
    let base = 0;
    const names = path.split('.');
    for (const [index, name] of names.entries()) {
      const { member, bitOffset } = find(this.#btf, type, name, base) ?? unknown(name, type);
      if (index === names.length - 1) return this.#value(bytes, member, bitOffset);
      type = compositeAt(this.#btf, member.type) ?? unknown(names[index + 1] ?? '', type);
      base = bitOffset;
    }
    return unknown(path, this.#type);
  }

  #write(
    bytes: Uint8Array,
    type: BtfComposite,
    base: number,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined) continue;
      const { member, bitOffset } = find(this.#btf, type, name, base) ?? unknown(name, type);
      const inner = isPlain(value) ? compositeAt(this.#btf, member.type) : undefined;
      if (inner !== undefined && this.#addressOf(value) === undefined)
        this.#write(bytes, inner, bitOffset, value as Readonly<Record<string, unknown>>);
      else this.#set(bytes, member, bitOffset, this.#addressOf(value) ?? value);
    }
  }

  #set(bytes: Uint8Array, member: BtfMember, bitOffset: number, value: unknown): void {
    if (member.bitSize === 0) {
      bytes.set(this.#codec(member.type).encode(value), bitOffset >>> 3);
      return;
    }
    const bits = BigInt(value as number);
    if (BigInt.asUintN(member.bitSize, bits) !== bits && BigInt.asIntN(member.bitSize, bits) !== bits) {
      throw new WebpfError('bad-map', `${member.name}: ${bits} does not fit in ${member.bitSize} bits`, {
        stage: 'runtime',
      });
    }
    writeBits(viewOf(bytes), this.#field(member, bitOffset), BigInt.asUintN(member.bitSize, bits));
  }

  #value(bytes: Uint8Array, member: BtfMember, bitOffset: number): BtfValue {
    if (member.bitSize > 0) return Number(readBits(viewOf(bytes), this.#field(member, bitOffset)));
    return this.#codec(member.type).decode(bytes.subarray(bitOffset >>> 3));
  }

  #field({ bitSize }: BtfMember, bitOffset: number) {
    return { at: bitOffset >>> 3, bitOffset: bitOffset & 7, bits: bitSize };
  }

  #codec(type: number): Codec {
    const known = this.#codecs.get(type);
    if (known !== undefined) return known;
    const codec = valueCodec(this.#btf, type);
    this.#codecs.set(type, codec);
    return codec;
  }
}

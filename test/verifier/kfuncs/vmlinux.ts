import { readFileSync } from 'node:fs';
import { sizeOf, typeById } from '../../../src/frontend/btf/lookup.ts';
import { typeName } from '../../../src/frontend/btf/name.ts';
import { parseBtf } from '../../../src/frontend/btf/parse.ts';
import type { Btf, BtfFunctionProto } from '../../../src/frontend/btf/types.ts';

/** A kernel function as the kernel's BTF has it. */
export interface Prototype {
  /** Result, then `type name` of each parameter. */
  readonly text: readonly string[];
  /** Bytes of the pointees that have a size; 0 of others. */
  readonly pointees: readonly number[];
  readonly fastcall: boolean;
}

interface Tagged {
  readonly ids: ReadonlyMap<string, number>;
  readonly prototypes: Readonly<Record<string, Prototype>>;
}

function pointeeSize(btf: Btf, id: number): number {
  const pointer = typeById(btf, id);
  if (pointer.kind !== 'ptr') return 0;
  try {
    return sizeOf(btf, pointer.type);
  } catch {
    return 0; // void, functions, forward declarations
  }
}

function prototypeOf(btf: Btf, id: number, fastcall: boolean): Prototype {
  const func = typeById(btf, id);
  const proto = typeById(btf, func.kind === 'func' ? func.type : 0) as BtfFunctionProto;
  return {
    text: [
      typeName(btf, proto.type),
      ...proto.parameters.map(({ name, type }) => `${typeName(btf, type)} ${name}`),
    ],
    pointees: [proto.type, ...proto.parameters.map(({ type }) => type)].map((type) => pointeeSize(btf, type)),
    fastcall,
  };
}

/** Every function that the running kernel has tagged as kfunc. */
export function readKfuncs(): Tagged {
  const { btf } = parseBtf(readFileSync('/sys/kernel/btf/vmlinux'), 'vmlinux');
  const tagged = (tag: string): number[] =>
    btf.types.flatMap((type) => (type.kind === 'declTag' && type.name === tag ? [type.type] : []));
  const fast = new Set(tagged('bpf_fastcall'));
  const named = tagged('bpf_kfunc').map((id) => [typeById(btf, id).name, id] as const);
  return {
    ids: new Map(named),
    prototypes: Object.fromEntries(named.map(([name, id]) => [name, prototypeOf(btf, id, fast.has(id))])),
  };
}

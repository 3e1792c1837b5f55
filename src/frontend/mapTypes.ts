import * as abi from '../abi/maps.ts';

/** Map types by name (enum bpf_map_type of Linux 6.18): BPF_MAP_TYPE_* in lower case without the prefix. */
const NUMBERS: ReadonlyMap<string, number> = new Map(
  Object.entries(abi).flatMap(([name, value]) =>
    name.startsWith('MAP_TYPE_') && typeof value === 'number'
      ? [[name.slice('MAP_TYPE_'.length).toLowerCase(), value] as const]
      : [],
  ),
);

const NAMES: ReadonlyMap<number, string> = new Map([...NUMBERS].map(([name, type]) => [type, name]));

/** 1 → hash; `type 99` where no type has the number. */
export const mapTypeName = (type: number): string => NAMES.get(type) ?? `type ${type}`;

/** hash → 1; undefined for what is no type of maps. */
export const mapTypeNumber = (name: string): number | undefined => NUMBERS.get(name);

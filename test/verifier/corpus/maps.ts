import type { Btf } from '../../../src/frontend/btf/types.ts';
import type { MapSpec } from '../../../src/frontend/program.ts';

/** enum bpf_map_type of Linux 6.18, in order. */
const TYPES = `
  unspec hash array prog_array perf_event_array percpu_hash percpu_array stack_trace cgroup_array lru_hash
  lru_percpu_hash lpm_trie array_of_maps hash_of_maps devmap sockmap cpumap xskmap sockhash cgroup_storage
  reuseport_sockarray percpu_cgroup_storage queue stack sk_storage devmap_hash struct_ops ringbuf inode_storage
  task_storage bloom_filter user_ringbuf cgrp_storage arena insn_array`
  .trim()
  .split(/\s+/);

/** A map of a case: what both verifiers are told, and what only the kernel can be asked to do. */
export interface CorpusMap {
  readonly spec: MapSpec;
  /** Name of the value's type in the house's BTF; '' for none. */
  readonly valueType: string;
  /** Name of an earlier map that is the template of the inner ones; '' for none. */
  readonly inner: string;
  /** Program type of the prog_array's owner; '' for none. */
  readonly owner: string;
}

interface Words {
  readonly numbers: readonly number[];
  readonly settings: ReadonlyMap<string, string>;
}

function split(words: readonly string[]): Words {
  const settings = words
    .filter((word) => !/^(0x[\da-f]+|\d+)$/.test(word))
    .map((word): [string, string] => {
      const [name = '', value = ''] = word.split('=');
      return [name, value];
    });
  return {
    numbers: words.filter((word) => /^(0x[\da-f]+|\d+)$/.test(word)).map(Number),
    settings: new Map(settings),
  };
}

/** `NAME TYPE KEY VALUE ENTRIES [FLAGS] [value=STRUCT] [inner=MAP] [owner=PROGRAM_TYPE] [data=HEX] [frozen] [extra=N]` */
function parseMap(line: string, where: string): CorpusMap {
  const [name = '', typeName = '', ...rest] = line.split(/\s+/);
  const type = TYPES.indexOf(typeName);
  if (type < 0) throw new Error(`${where}: unknown map type '${typeName}'`);
  const { numbers, settings } = split(rest);
  const [keySize = 0, valueSize = 0, maxEntries = 0, flags = 0] = numbers;
  const data = settings.get('data');
  const extra = settings.get('extra');
  return {
    spec: {
      name,
      type,
      keySize,
      valueSize,
      maxEntries,
      flags,
      section: '',
      ...(extra === undefined ? {} : { mapExtra: BigInt(extra) }),
      ...(data === undefined ? {} : { data: Buffer.from(data, 'hex') }),
      ...(settings.has('frozen') ? { frozen: true } : {}),
    },
    valueType: settings.get('value') ?? '',
    inner: settings.get('inner') ?? '',
    owner: settings.get('owner') ?? '',
  };
}

const isText = (line: string): boolean => line.trim() !== '' && !line.startsWith('#');

export const parseMaps = (lines: readonly string[], where: string): readonly CorpusMap[] =>
  lines.filter(isText).map((line) => parseMap(line.trim(), where));

/** The maps as our verifier is given them. */
export function mapSpecs(
  maps: readonly CorpusMap[],
  btf: Btf,
  typeIds: ReadonlyMap<string, number>,
): readonly MapSpec[] {
  const specs: MapSpec[] = [];
  for (const { spec, valueType, inner } of maps) {
    const types =
      valueType === ''
        ? {}
        : { btf, keyTypeId: typeIds.get('u32') ?? 0, valueTypeId: typeIds.get(valueType) ?? 0 };
    const template = specs.find(({ name }) => name === inner);
    specs.push({ ...spec, ...types, ...(template === undefined ? {} : { inner: template }) });
  }
  return specs;
}

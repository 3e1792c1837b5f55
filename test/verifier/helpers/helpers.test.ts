import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import * as abi from '../../../src/abi/maps.ts';
import { HELPER_NAMES, helperId } from '../../../src/isa/helpers.ts';
import {
  HELPERS,
  helpersAt,
  isGplCompatible,
  programTypesOf,
  prototypeOf,
  refusalOf,
} from '../../../src/verifier/helpers/index.ts';
import { mapTypeRefusal } from '../../../src/verifier/helpers/mapTypes.ts';
import { KernelJudge } from '../../kernel/kernel.ts';
import { askKernel, readGolden, TABLES_KERNEL } from './golden.ts';
import { mapDifferences } from './mapTypes.ts';
import { tables } from './oracles.ts';
import { PLACES, placesNamed } from './places.ts';
import { record } from './record.ts';
import { predictWeak } from './weak.ts';

const GPL = 'GPL';
const idOf = (name: string): number => helperId(name) ?? 0;

describe('helper tables', () => {
  test('have every helper the kernel has', () => {
    expect([...HELPERS.keys()]).toEqual(HELPER_NAMES.slice(1).map((_, index) => index + 1));
  });

  test('put a size after memory without a fixed one, and nowhere else', () => {
    for (const { name, args } of HELPERS.values())
      args.forEach((argument, index) => {
        const sized = argument.kind === 'memory' && argument.size === undefined;
        expect(args[index + 1]?.kind === 'size', `${name} r${index + 1}`).toBe(sized);
      });
  });

  test('have a map before keys and values of it, and at most five arguments', () => {
    for (const { name, args } of HELPERS.values()) {
      const kinds = args.map(({ kind }) => kind);
      const first = kinds.findIndex((kind) => kind === 'mapKey' || kind === 'mapValue');
      expect(first < 0 || kinds.slice(0, first).includes('map'), name).toBe(true);
      expect(kinds.length, name).toBeLessThanOrEqual(5);
    }
  });
});

describe('what a program may call', () => {
  test('is refused in the words of the kernel', () => {
    const xdp = { type: 'xdp', license: GPL } as const;
    expect(refusalOf(idOf('redirect_map'), xdp)).toBeUndefined();
    expect(refusalOf(idOf('skb_load_bytes'), xdp)).toBe(
      'program of this type cannot use helper bpf_skb_load_bytes#26',
    );
    expect(refusalOf(999, xdp)).toBe('invalid func unknown#999');
    expect(refusalOf(0, xdp)).toBe('program of this type cannot use helper bpf_unspec#0');
  });

  test('depends on the license, the attach type and on sleeping', () => {
    const fib = idOf('fib_lookup');
    expect(refusalOf(fib, { type: 'xdp', license: 'MIT' })).toMatch(/GPL-restricted/);
    expect(refusalOf(fib, { type: 'xdp', license: 'Dual BSD/GPL' })).toBeUndefined();
    const bind = { type: 'cgroup_sock_addr', license: GPL } as const;
    expect(refusalOf(idOf('bind'), { ...bind, attachType: 'cgroup_inet4_connect' })).toBeUndefined();
    expect(refusalOf(idOf('bind'), { ...bind, attachType: 'cgroup_inet4_bind' })).toMatch(
      /cannot use helper/,
    );
    const copy = idOf('copy_from_user');
    expect(refusalOf(copy, { type: 'kprobe', license: GPL })).toMatch(/might sleep/);
    expect(refusalOf(copy, { type: 'kprobe', license: GPL, sleepable: true })).toBeUndefined();
  });

  test('differs in arguments where the context is no socket', () => {
    const first = (type: 'sock_ops' | 'cgroup_sockopt') =>
      prototypeOf(idOf('setsockopt'), { type, attachType: 'cgroup_setsockopt' })?.args[0]?.kind;
    expect(first('sock_ops')).toBe('context');
    expect(first('cgroup_sockopt')).toBe('socket');
  });

  test('is little in a remote control, and nothing without a type', () => {
    expect(helpersAt({ type: 'unspec' })).toEqual([]);
    expect(helpersAt({ type: 'lirc_mode2' })).toHaveLength(14);
    expect(helpersAt({ type: 'xdp' })).toHaveLength(104);
  });

  test('and with which maps', () => {
    const lookup = idOf('map_lookup_elem');
    expect(mapTypeRefusal(lookup, abi.MAP_TYPE_HASH, { type: 'xdp' })).toBeUndefined();
    expect(mapTypeRefusal(lookup, abi.MAP_TYPE_PROG_ARRAY, { type: 'xdp' })).toBe(
      'cannot pass map_type 3 into func bpf_map_lookup_elem#1',
    );
    const update = idOf('map_update_elem');
    expect(mapTypeRefusal(update, abi.MAP_TYPE_SOCKMAP, { type: 'xdp' })).toBeUndefined();
    expect(mapTypeRefusal(update, abi.MAP_TYPE_SOCKMAP, { type: 'kprobe' })).toMatch(/cannot update sockmap/);
  });

  test('can be told by helper', () => {
    expect(programTypesOf(idOf('redirect_peer'))).toEqual(['sched_cls', 'sched_act']);
    expect(programTypesOf(idOf('map_lookup_elem'))).toBeUndefined();
    expect(programTypesOf(999)).toEqual([]);
  });

  test('knows the licenses that count', () => {
    expect(isGplCompatible('Dual MPL/GPL')).toBe(true);
    expect(isGplCompatible('gpl')).toBe(false);
  });
});

test('the tables say what the kernel was recorded to say', async () => {
  const { places, cpus, answers, maps, weak } = readGolden();
  expect(await record(tables(cpus), placesNamed(places))).toEqual(answers);
  expect(mapDifferences(maps, PLACES)).toEqual([]);
  expect(await predictWeak(weak)).toEqual(weak);
}, 60_000);

const judge = await KernelJudge.open();
const reason =
  typeof judge === 'string'
    ? judge
    : release().startsWith(`${TABLES_KERNEL}.`)
      ? noBtf()
      : `the tables are of Linux ${TABLES_KERNEL}, this is ${release()}`;
if (reason !== '') console.log(`helpers against the kernel: skipped: ${reason}`);

function noBtf(): string {
  try {
    readFileSync('/sys/kernel/btf/vmlinux', { flag: 'r' });
    return '';
  } catch {
    return 'this kernel has no BTF of its own (/sys/kernel/btf/vmlinux)';
  }
}

afterAll(() => {
  if (typeof judge !== 'string') judge.close();
});

test.skipIf(reason !== '')(
  'the tables say what the running kernel says',
  async () => {
    if (typeof judge === 'string') return;
    const { places, cpus, answers, maps, weak } = await askKernel(judge, release());
    expect(answers).toEqual(await record(tables(cpus), placesNamed(places)));
    expect(mapDifferences(maps, PLACES)).toEqual([]);
    expect(await predictWeak(weak)).toEqual(weak);
  },
  300_000,
);

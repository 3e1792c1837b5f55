import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import {
  KFUNCS,
  kernelContextOf,
  kfuncLoadRefusalOf,
  kfuncOf,
  kfuncRefusalOf,
} from '../../../src/verifier/kfuncs/index.ts';
import { KernelJudge } from '../../kernel/kernel.ts';
import { TABLES_KERNEL } from '../helpers/golden.ts';
import { placesNamed } from '../helpers/places.ts';
import { askKernel, type Golden, readGolden, refusals } from './golden.ts';
import { predictedCall } from './predict.ts';
import { kernelTexts, tableTexts } from './prototypes.ts';

const GPL = 'GPL';

/** Tagged functions that the tables leave out: of the kernel's own tests, of congestion control, of statistics. */
const LEFT_OUT = /^(bpf_(fentry|modify_return)_test|bpf_kfunc_call_|bbr_|cubictcp_|tcp_|css_rstat_)/;
/** What the calls of these tests cannot be given: work, locks, objects, kernel pointers from maps, files. */
const UNASKED =
  /^(__bpf_trap|bpf_(wq|task_work|crypto_(en|de)crypt|sock_destroy|xdp_metadata|(get|put|set|remove|path)_.*(file|xattr|path)))/;
/** Elements that are walked with a reference still held, so that the walk ends before. */
const UNSEEN = /^bpf_iter_css(_task)?_next$/;
/** Whether NULL will do where its error is put: builds of Linux 6.18.44 disagree, and the tables have the stricter. */
const DISPUTED = 'bpf_crypto_ctx_create';

function prototypeDifferences({ prototypes }: Golden): string[] {
  return [...KFUNCS.values()].flatMap((kfunc) => {
    const prototype = prototypes[kfunc.name];
    if (prototype === undefined) return [`${kfunc.name} is not in the kernel`];
    const [ours, theirs] = [tableTexts(kfunc).join(', '), kernelTexts(prototype).join(', ')];
    const fast = prototype.fastcall === kfunc.flags.fastcall ? [] : [`${kfunc.name}: fastcall`];
    return ours === theirs ? fast : [...fast, `${kfunc.name}: ${ours} instead of ${theirs}`];
  });
}

const predictRefusals = ({ places, prototypes }: Golden) =>
  refusals(
    Object.keys(prototypes).filter((name) => !LEFT_OUT.test(name)),
    placesNamed(places),
    (place, name) => kfuncRefusalOf(name, { ...place, license: GPL }) ?? '',
  );

const withoutLeftOut = ({ refusals: all }: Golden): Golden['refusals'] =>
  Object.fromEntries(
    Object.entries(all)
      .map(([letters, names]) => [letters, names.filter((name) => !LEFT_OUT.test(name))] as const)
      .filter(([, names]) => names.length > 0),
  );

function predictCalls({ calls }: Golden): Golden['calls'] {
  const predicted = Object.entries(calls).map(([name, { place, result, takes }]) => {
    const kfunc = kfuncOf(name);
    if (kfunc === undefined) throw new Error(`no row for ${name}`);
    const call = predictedCall(kfunc, place);
    if (UNSEEN.test(name)) return [name, { ...call, result }] as const;
    return [name, name === DISPUTED && takes[2] === 'u.s' ? { ...call, takes } : call] as const;
  });
  return Object.fromEntries(predicted);
}

async function expectAgreement(golden: Golden): Promise<void> {
  expect(prototypeDifferences(golden)).toEqual([]);
  expect(await predictRefusals(golden)).toEqual(withoutLeftOut(golden));
  expect(predictCalls(golden)).toEqual(golden.calls);
}

describe('the tables of kernel functions', () => {
  test('say what the kernel was recorded to say', () => expectAgreement(readGolden()));

  test('have every function that the kernel tags, but those of tests and congestion control', () => {
    const missing = Object.keys(readGolden().prototypes).filter((name) => !KFUNCS.has(name));
    expect(missing.filter((name) => !LEFT_OUT.test(name))).toEqual([]);
  });

  test('were held against calls of all that can be called without objects of the kernel', () => {
    const { calls } = readGolden();
    const unasked = [...KFUNCS.values()].filter(({ name, unsupported }) => !unsupported && !(name in calls));
    expect(unasked.map(({ name }) => name).filter((name) => !UNASKED.test(name))).toEqual([]);
  });

  test('put a size behind memory without a fixed one, and nowhere else', () => {
    for (const { name, args } of KFUNCS.values())
      args.forEach((argument, index) => {
        const next = args[index + 1]?.kind;
        const sized = argument.kind === 'memory' && argument.size === undefined;
        expect(next === 'size' || next === 'constSize', `${name} r${index + 1}`).toBe(sized);
      });
  });

  test('have the three functions of each iterator', () => {
    const kinds = (which: string) =>
      [...KFUNCS.values()].filter(({ flags }) => flags.iterator === which).map(({ name }) => name);
    const stems = (which: string) => kinds(which).map((name) => name.slice(0, -which.length));
    expect(stems('next')).toEqual(stems('new'));
    expect(stems('destroy')).toEqual(stems('new'));
    expect(stems('new')).toHaveLength(8);
  });
});

describe('what a program may call', () => {
  const xdp = { type: 'xdp', license: GPL } as const;

  test('is refused in the words of the kernel', () => {
    expect(kfuncRefusalOf('bpf_dynptr_from_xdp', xdp)).toBeUndefined();
    expect(kfuncRefusalOf('bpf_dynptr_from_skb', xdp)).toBe(
      'calling kernel function bpf_dynptr_from_skb is not allowed',
    );
    expect(kfuncRefusalOf('bpf_copy_from_user_str', xdp)).toBe(
      'program must be sleepable to call sleepable kfunc bpf_copy_from_user_str',
    );
    expect(kfuncRefusalOf('bpf_iter_css_task_new', xdp)).toContain('css_task_iter is only allowed in');
    expect(kfuncRefusalOf('bpf_nowhere', xdp)).toContain("(func ksym) 'bpf_nowhere': not found");
  });

  test('is refused for being in the code alone', () => {
    const proprietary = { type: 'xdp', license: 'Proprietary' } as const;
    expect(kfuncLoadRefusalOf('bpf_rcu_read_lock', proprietary)).toContain('non-GPL compatible');
    expect(kfuncLoadRefusalOf('bpf_xdp_metadata_rx_hash', xdp)).toContain('device-bound');
    expect(kfuncLoadRefusalOf('bpf_xdp_metadata_rx_hash', { ...xdp, deviceBound: true })).toBeUndefined();
    expect(kfuncLoadRefusalOf('bpf_dynptr_from_skb', xdp)).toBeUndefined();
  });

  test('depends on the attach type', () => {
    const kprobe = { type: 'kprobe', license: GPL } as const;
    expect(kfuncRefusalOf('bpf_session_cookie', kprobe)).toContain('not allowed');
    expect(
      kfuncRefusalOf('bpf_session_cookie', { ...kprobe, attachType: 'trace_kprobe_session' }),
    ).toBeUndefined();
    expect(kfuncRefusalOf('bpf_get_task_exe_file', { type: 'lsm', license: GPL })).toBeUndefined();
  });

  test('has the context of its type', () => {
    expect(kernelContextOf('xdp')).toBe('xdp_buff');
    expect(kernelContextOf('syscall')).toBeUndefined();
  });
});

test('a row becomes a whole function', () => {
  expect(kfuncOf('bpf_task_acquire')).toMatchObject({
    args: [{ kind: 'btf', struct: 'task_struct', trust: 'rcu', release: false }],
    result: { kind: 'btf', struct: 'task_struct', nullable: true, acquire: true },
    flags: { acquire: true, retNull: true, rcu: true, trustedArgs: false, release: false },
  });
  expect(kfuncOf('bpf_obj_new_impl')?.unsupported).toContain('allocate and own');
});

const judge = await KernelJudge.open();
const reason =
  typeof judge === 'string'
    ? judge
    : !release().startsWith(`${TABLES_KERNEL}.`)
      ? `the tables are of Linux ${TABLES_KERNEL}, this is ${release()}`
      : existsSync('/sys/kernel/btf/vmlinux')
        ? ''
        : 'this kernel has no BTF of its own (/sys/kernel/btf/vmlinux)';
if (reason !== '') console.log(`kernel functions against the kernel: skipped: ${reason}`);

afterAll(() => {
  if (typeof judge !== 'string') judge.close();
});

test.skipIf(reason !== '')(
  'the tables say what the running kernel says',
  async () => {
    if (typeof judge !== 'string') await expectAgreement(await askKernel(judge, release()));
  },
  120_000,
);

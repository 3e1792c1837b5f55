import { describe, expect, test } from 'vitest';
import { WebpfError } from '../../src/errors.ts';
import { helperId } from '../../src/isa/helpers.ts';
import { contextOfFields, words } from '../../src/verifier/contexts/index.ts';
import {
  defineHelper,
  defineProgramType,
  type HelperDefinition,
  type ProgramTypeDefinition,
} from '../../src/verifier/custom.ts';
import { HELPERS } from '../../src/verifier/helpers/index.ts';
import type { Argument, Result } from '../../src/verifier/helpers/types.ts';
import * as v from '../../src/verifier/helpers/vocabulary.ts';

const context = contextOfFields('request', 16, [...words(0, 'method status')], 'none');
const helper = (more: Partial<HelperDefinition> = {}): HelperDefinition => ({
  id: 1000,
  name: 'log_line',
  args: [v.input, v.size],
  ...more,
});
const type = (more: Partial<ProgramTypeDefinition> = {}): ProgramTypeDefinition => ({
  name: 'http_filter',
  context,
  ...more,
});

/** What callers without a type checker pass. */
const untyped = <T>(value: unknown): T => value as T;

const refusal = (define: () => unknown): string => {
  try {
    define();
  } catch (error) {
    if (error instanceof WebpfError && error.code === 'bad-argument') return error.message;
    throw error;
  }
  return 'accepted';
};

describe("a host's helper", () => {
  test('is one like those of the kernel', () => {
    expect(defineHelper(helper({ mightSleep: true }))).toEqual({
      id: 1000,
      name: 'log_line',
      args: [v.input, v.size],
      result: { kind: 'integer' },
      gplOnly: false,
      changesPacket: false,
      packetAccess: false,
      mightSleep: true,
      fastcall: false,
      refusedByConfig: undefined,
      checks: undefined,
      variants: [],
    });
  });

  test.each<[string, Partial<HelperDefinition>]>([
    ['takes nothing', { args: [] }],
    ['looks up', { args: [v.map, v.key], result: v.mapValueOrNull }],
    ['fills memory', { args: [v.output, v.size, v.integer(8)], result: v.upToSize }],
    ['reads a dynptr', { args: [v.dynptr, v.any, v.allocationSize], result: v.dynptrDataOrNull }],
    ['replaces', { id: 5, name: 'bpf_ktime_get_ns', args: [], overrides: true }],
  ])('%s', (_, more) => {
    expect(refusal(() => defineHelper(helper(more)))).toBe('accepted');
  });

  test('every helper of the kernel is one', () => {
    for (const { id, name, args, result } of HELPERS.values())
      if (id !== 12) defineHelper({ id, name, args, result, overrides: true });
  });

  test.each<[string, Partial<HelperDefinition>, RegExp]>([
    [
      'a name',
      { name: 'log line' },
      /helper log line \(1000\): its name must be a C identifier .* not "log line"/,
    ],
    ['no name', { name: untyped(undefined) }, /must be a C identifier .* not undefined/],
    ['an id', { id: 0 }, /its id must be a whole number from 1 to 2147483647, not 0/],
    ['half an id', { id: 1.5 }, /not 1.5/],
    ["the kernel's id", { id: 5 }, /the kernel's bpf_ktime_get_ns has this id: .* "overrides: true"/],
    ['nothing to override', { overrides: true }, /no helper 1000 of the kernel's to override/],
    ['tail calls', { id: 12, overrides: true }, /bpf_tail_call cannot be replaced/],
    ["the kernel's name", { name: 'bpf_redirect' }, /the kernel's helper 23 has this name/],
    ['a flag', { gplOnly: untyped(1) }, /gplOnly must be true or false, not 1/],
    ['no list', { args: untyped('none') }, /its args must be a list/],
  ])('cannot have %s', (_, more, message) => {
    expect(refusal(() => defineHelper(helper(more)))).toMatch(message);
  });

  const fixed = (size: number, aligned?: boolean): Argument =>
    untyped({ kind: 'memory', access: 'read', nullable: false, size, aligned });

  test.each<[string, readonly Argument[], RegExp]>([
    ['six arguments', [v.any, v.any, v.any, v.any, v.any, v.any], /takes 6 arguments, .* registers for 5/],
    ['a size alone', [v.any, v.size], /argument r2: a size follows the memory whose bytes it counts/],
    ['a size of fixed memory', [v.integer(8), v.size], /argument r2: a size follows .* no fixed size/],
    ['memory without a size', [v.input], /argument r1: memory needs its number of bytes/],
    ['two sizes', [v.input, v.size, v.size], /argument r3: a size follows/],
    ['no bytes', [fixed(0)], /argument r1: memory must have 1 to 536870912 bytes, not 0/],
    ['odd alignment', [fixed(12, true)], /must have 1, 2, 4 or 8 bytes, not 12/],
    ['a key without a map', [v.key, v.map], /argument r1: .* of a map/],
    ['two maps', [v.map, v.map], /argument r2: a helper takes one map/],
    ['two callbacks', [v.callback, v.callback], /argument r2: a helper takes one callback/],
    [
      'an unknown kind',
      [untyped({ kind: 'string' })],
      /argument r1: its kind must be one of anything, .* not string/,
    ],
    ['no argument', [untyped(undefined)], /not undefined/],
    [
      'an unknown access',
      [untyped({ kind: 'memory', access: 'rw' })],
      /access must be one of read, write, uninit, not rw/,
    ],
    ['a bad flag', [untyped({ kind: 'context' })], /nullable must be true or false, not undefined/],
    ['a structure', [v.btf('struct task')], /argument r1, struct: its name must be a C identifier/],
    ['a pointer for no field', [v.kptrValue], /an argument of kind 'kptr' goes before/],
    [
      'a new dynptr of no kind',
      [untyped({ kind: 'dynptr', state: 'uninit', readOnly: false, release: false })],
      /"of" must be local or ringbuf/,
    ],
  ])('cannot take %s', (_, args, message) => {
    expect(refusal(() => defineHelper(helper({ args })))).toMatch(message);
  });

  test.each<[string, readonly Argument[], Result, RegExp]>([
    ['a value of no map', [v.any], v.mapValueOrNull, /result: mapValue needs an argument of kind 'map'/],
    [
      'memory of unknown size',
      [],
      v.ringRecordOrNull,
      /ringRecord needs an argument of kind 'allocationSize'/,
    ],
    ['data of no dynptr', [v.allocationSize], v.dynptrDataOrNull, /needs an argument of kind 'dynptr'/],
    ['a bound by no size', [v.any], v.upToSize, /range 'size' needs an argument of kind 'size'/],
    [
      'a number for a size',
      [v.allocationSize],
      { kind: 'integer' },
      /result must be ringRecord or dynptrData/,
    ],
    [
      'an unknown kind',
      [],
      untyped({ kind: 'string' }),
      /its kind must be one of integer, void, .* not string/,
    ],
    [
      'an unknown range',
      [],
      untyped({ kind: 'integer', range: 'byte' }),
      /range must be size or cpu, not byte/,
    ],
    [
      'a socket for sure',
      [],
      untyped({ ...v.socketOrNull, nullable: false }),
      /nullable must be true, not false/,
    ],
  ])('cannot give %s', (_, args, result, message) => {
    expect(refusal(() => defineHelper(helper({ args, result })))).toMatch(message);
  });
});

describe("a host's program type", () => {
  test('has its own helpers and those that all have', () => {
    const { helpers, returns } = defineProgramType(
      type({ helpers: [helper()], returns: { min: -1, max: 3 } }),
    );
    expect(helpers.get(1000)?.name).toBe('log_line');
    expect(helpers.get(helperId('map_lookup_elem') ?? 0)?.result).toEqual(v.mapValueOrNull);
    expect(helpers.has(helperId('redirect') ?? 0)).toBe(false);
    expect(returns).toEqual({ min: -1, max: 3 });
  });

  test("has of the kernel's what it says", () => {
    const ids = (kernelHelpers: ProgramTypeDefinition['kernelHelpers']) => [
      ...defineProgramType(type({ kernelHelpers })).helpers.keys(),
    ];
    expect(ids('none')).toEqual([]);
    expect(ids(['bpf_redirect', 'csum_diff'])).toEqual([23, 28]);
    expect(ids('base')).toEqual(ids(undefined));
  });

  test("may replace one of the kernel's", () => {
    const own = helper({ id: 5, name: 'request_time', args: [], overrides: true });
    expect(defineProgramType(type({ helpers: [own] })).helpers.get(5)?.name).toBe('request_time');
  });

  const acquiring = helper({ args: [], result: v.acquiredSocketOrNull });
  const releasing = helper({ id: 1001, name: 'put', args: [v.releasedSock], result: v.nothing });

  test('gives references that can be released', () => {
    expect(refusal(() => defineProgramType(type({ helpers: [acquiring] })))).toMatch(
      /log_line gives a reference \(socket\) that no helper of this type takes back/,
    );
    expect(refusal(() => defineProgramType(type({ helpers: [acquiring, releasing] })))).toBe('accepted');
    const kernelHelpers = ['sk_release'];
    expect(refusal(() => defineProgramType(type({ helpers: [acquiring], kernelHelpers })))).toBe('accepted');
  });

  test.each<[string, Partial<ProgramTypeDefinition>, RegExp]>([
    ['a name', { name: 'http-filter' }, /program type http-filter: its name must be a C identifier/],
    ['a context', { context: { ...context, size: 0 } }, /context request: its size must be 1 to/],
    [
      'one id twice',
      { helpers: [helper(), helper({ name: 'other' })] },
      /helpers log_line and other have one id, 1000/,
    ],
    ['one name twice', { helpers: [helper(), helper({ id: 1001 })] }, /two helpers have the name log_line/],
    ['a bad helper', { helpers: [helper({ args: [v.size] })] }, /helper log_line \(1000\), argument r1/],
    ['no list', { helpers: untyped({}) }, /its helpers must be a list/],
    ['an unknown helper', { kernelHelpers: ['bpf_fly'] }, /the kernel has no helper "bpf_fly"/],
    [
      'an unknown choice',
      { kernelHelpers: untyped('all') },
      /must be 'base', 'none' or a list of names, not all/,
    ],
    ['nothing to return', { returns: { min: 1, max: 0 } }, /min is 1, more than max, 0/],
    ['half a bound', { returns: { min: 0, max: 0.5 } }, /returns: max must be a safe integer, not 0.5/],
  ])('cannot have %s', (_, more, message) => {
    expect(refusal(() => defineProgramType(type(more)))).toMatch(message);
  });
});

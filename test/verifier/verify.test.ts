import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { type ProgramOptions, programFromAssembly } from '../../src/frontend/raw.ts';
import type { VerifyOptions } from '../../src/verifier/verification.ts';
import { Verifier } from '../../src/verifier/verify.ts';

const verifier = await Verifier.open();

const check = (text: string, options: VerifyOptions = {}, program: ProgramOptions = {}) =>
  verifier.verify(programFromAssembly(text, { type: 'xdp', ...program }), options);

const reason = (...args: Parameters<typeof check>): string => check(...args).rejection?.reason ?? 'accepted';

/** As many branches as there are to take, whose outcomes all matter at the end. */
const manyPaths = (count: number): string => {
  const branches = Array.from(
    { length: count },
    (_, i) => `if r6 & ${2 ** (i % 30)} goto p${i}\nr7 += ${i + 1}\np${i}:`,
  );
  return [
    'r6 = *(u32 *)(r1 + 12)',
    'r7 = 0',
    ...branches,
    'if r7 > 100 goto large',
    'large:',
    'r0 = r7',
    'exit',
  ].join('\n');
};

describe('a verdict', () => {
  it('is one of three words', () => {
    expect(check('r0 = 0\nexit').verdict).toBe('accept');
    expect(check('r0 = r5\nexit').verdict).toBe('reject');
    expect(check('r0 = 0\nexit', {}, { type: 'unspec' }).verdict).toBe('unsupported');
  });

  it('comes with a proof, or with a reason', () => {
    expect(check('r0 = 0\nexit').proof?.mode).toBe('verified');
    const { proof, rejection } = check('r0 = r5\nexit');
    expect(proof).toBeUndefined();
    expect(rejection).toMatchObject({ reason: 'R5 !read_ok', insn: 0 });
  });

  it('does not depend on what was verified before', () => {
    const first = check(manyPaths(12));
    check('r0 = *(u64 *)(r10 - 8)\nexit');
    check('r0 = r5\nexit');
    const { ms: _, memory: __, ...again } = check(manyPaths(12));
    expect(first).toMatchObject(again);
  });

  it('is reached for programs that are broken in their structure, too', () => {
    expect(reason('goto +5\nexit')).toMatch(/jump/);
    expect(reason('r0 = 0')).toMatch(/exit|end/);
  });

  it('keeps the log only where asked', () => {
    expect(check('r0 = 0\nexit').log).toEqual([]);
    expect(check('r0 = 0\nexit', { logLevel: 2 }).log.join('\n')).toContain('0: (b7) r0 = 0');
  });
});

describe('limits', () => {
  it('end the walk of programs with too many instructions to walk', () => {
    const endless = 'r0 = 0\nagain:\nr0 += 1\nif r0 < 1000000 goto again\nexit';
    expect(reason(endless, { maxInsns: 1000 })).toBe('BPF program is too large. Processed 1001 insn');
    expect(reason(endless)).toBe('BPF program is too large. Processed 1000001 insn');
  });

  it('end the walk of programs whose states need too much memory', () => {
    const { verdict, rejection } = check(manyPaths(40), { maxMemory: 100_000, stateFreq: true });
    expect(verdict).toBe('unsupported');
    expect(rejection?.reason).toContain('100000 bytes of memory');
  });
});

describe('users without capabilities', () => {
  const lesser: VerifyOptions = { unprivileged: true };
  const socket: ProgramOptions = { type: 'socket_filter' };

  it('get no loops and no functions', () => {
    const loop = 'r0 = 0\nagain:\nr0 += 1\nif r0 < 3 goto again\nr0 = 0\nexit';
    expect(reason(loop, lesser, socket)).toBe('back-edge from insn 2 to 1');
    expect(reason(loop, {}, socket)).toBe('accepted');
    const call = 'call local f\nexit\nf:\nr0 = 0\nexit';
    expect(reason(call, lesser, socket)).toMatch(/^function calls to other bpf functions/);
  });

  it('must not give addresses away', () => {
    expect(reason('r0 = r10\nexit', lesser, socket)).toBe('R0 leaks addr as return value');
    const values = {
      ...socket,
      maps: [
        {
          name: 'm',
          type: abi.MAP_TYPE_ARRAY,
          keySize: 4,
          valueSize: 8,
          maxEntries: 1,
          flags: 0,
          section: '',
        },
      ],
    };
    const store = 'r1 = map[0][0] + 0 ll\n*(u64 *)(r1 + 0) = r10\nr0 = 0\nexit';
    expect(reason(store, lesser, values)).toBe('R10 leaks addr into map');
    expect(reason(store, {}, values)).toBe('accepted');
  });

  it('must write the stack before they read it', () => {
    const read = 'r0 = *(u64 *)(r10 - 8)\nr0 = 0\nexit';
    expect(reason(read, lesser, socket)).toBe('invalid read from stack R10 off=-8 size=8');
    expect(reason(read, { perfmon: false }, socket)).toBe('invalid read from stack R10 off=-8 size=8');
    expect(reason(read, {}, socket)).toBe('accepted');
  });

  it('load programs of few types', () => {
    expect(check('r0 = 0\nexit', lesser).verdict).toBe('unsupported');
  });
});

describe('addresses in linear memory', () => {
  const values = {
    maps: [
      { name: 'm', type: abi.MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0, section: '' },
    ],
  };
  const packet = 'r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\n';
  const use = 'goto out\nuse:\nr0 = r5\nout:\nr0 = 0\nexit';

  it('may be 0 where a pointer was moved down', () => {
    const value = 'r2 = r10\nr2 += -4\n*(u32 *)(r10 - 4) = 0\nr1 = map[0] ll\ncall 1\nif r0 == 0 goto out\n';
    expect(reason(`${value}if r0 == 0 goto use\n${use}`, {}, values)).toBe('accepted');
    expect(reason(`${value}r0 += -4096\nif r0 == 0 goto use\n${use}`, {}, values)).toBe('R5 !read_ok');
  });

  it('of the stack, moved far, are not equal to what is not NULL', () => {
    const value = 'r2 = r10\nr2 += -4\n*(u32 *)(r10 - 4) = 0\nr1 = map[0] ll\ncall 1\nr2 = r10\n';
    const equal = 'if r0 != r2 goto out\nr1 = *(u64 *)(r0 + 0)\nout:\nr0 = 0\nexit';
    expect(reason(`${value}r2 += -16\n${equal}`, {}, values)).toBe('accepted');
    expect(reason(`${value}r2 += -65536\n${equal}`, {}, values)).toMatch(/invalid mem access/);
  });

  it('of a packet are behind its end no more, once they were moved', () => {
    const beyond = 'r2 += 100\nif r2 > r3 goto beyond\nr0 = 0\nexit\nbeyond:\n';
    expect(reason(`${packet}${beyond}if r2 <= r3 goto use\n${use}`)).toBe('accepted');
    expect(reason(`${packet}${beyond}r2 += -100\nif r2 <= r3 goto use\n${use}`)).toBe('R5 !read_ok');
    const wrapped = beyond.replace('100', '-490000000');
    expect(reason(`${packet}${wrapped}r2 += 490000000\nif r2 <= r3 goto use\n${use}`)).toBe('R5 !read_ok');
  });
});

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { open, type StructOps, type WebpfError } from '../../src/index.ts';
import { engines } from './build.ts';

const FILE = fileURLToPath(new URL('../objects/struct-ops.o', import.meta.url));

const failure = async (run: () => unknown): Promise<string> => {
  try {
    await run();
  } catch (error) {
    return `${(error as WebpfError).code}: ${(error as Error).message}`;
  }
  return 'nothing';
};

describe.each(engines)('tables of callbacks, in %s', (engine) => {
  const withPolicy = async (check: (policy: StructOps) => unknown): Promise<void> => {
    using object = await open(FILE, { engine });
    await check(await object.structOps('policy'));
  };

  it('know their members', () =>
    withPolicy((policy) => {
      expect(policy).toMatchObject({ name: 'policy', struct: 'policy_ops' });
      expect(policy.values).toEqual({ flags: 5, name: 'strict' });
      expect(policy.callbacks).toEqual(['init', 'admit', 'matches', 'done', 'total', 'never']);
      expect(policy.callbacks.filter((name) => policy.has(name))).toEqual(policy.callbacks.slice(0, 5));
      expect(policy.program('done').spec.sleepable).toBe(true);
      expect(policy.program('admit').mode).toBe('verified');
    }));

  it('return what their types say', () =>
    withPolicy((policy) => {
      expect(policy.call('init')).toBe(-7);
      expect(policy.call('done', 3, -2)).toBeUndefined();
      expect(policy.call('done', 4, 9n)).toBeUndefined();
      expect(policy.call('total')).toBe((2n << 40n) | 9n);
    }));

  it('read and write what their arguments point to', () =>
    withPolicy((policy) => {
      const request = { id: 77, size: 5, path: 'xyz' };
      expect(policy.call('admit', request, 99n)).toBe(-1);
      expect(request).toEqual({ id: 77, size: 5, path: 'xyz' });
      expect(policy.call('admit', request, 100n)).toBe(77);
      expect(request).toEqual({ id: 77, size: 6, path: '/yz' });
      const bytes = new Uint8Array(16).fill(1);
      expect(policy.call('admit', bytes, 100n)).toBe(0x01010101);
      expect([...bytes.subarray(4, 8)]).toEqual([2, 1, 0x2f, 1]);
    }));

  it('take no pointer where it may be NULL', () =>
    withPolicy((policy) => {
      const [a, b] = [1, 2].map((id) => ({ id, size: 0, path: '' }));
      expect(policy.call('matches', a, a)).toBe(true);
      expect(policy.call('matches', a, b)).toBe(false);
      expect(policy.call('matches', a)).toBe(false);
      expect(policy.call('matches', a, undefined)).toBe(false);
    }));

  it('tell what does not fit', () =>
    withPolicy(async (policy) => {
      expect(await failure(() => policy.call('never', 1))).toBe(
        'not-found: policy has no callback "never": no program implements it; it has init, admit, matches, done, total',
      );
      expect(await failure(() => policy.call('nothing'))).toMatch(/the struct has none of this name/);
      expect(await failure(() => policy.call('admit', undefined, 1))).toBe(
        'bad-argument: argument 0 of policy_ops::admit may not be left out',
      );
      expect(await failure(() => policy.call('admit', new Uint8Array(4), 1))).toMatch(
        /points to 16 bytes; these are 4$/,
      );
      expect(await failure(() => policy.call('done', 1, 1.5))).toMatch(/argument 1 of .* is an integer/);
      expect(await failure(() => policy.call('init', 1))).toBe(
        'bad-argument: policy_ops::init takes 0 arguments, not 1',
      );
    }));
});

describe('programs of tables of callbacks', () => {
  it('are verified by the types of their members', async () => {
    using object = await open(FILE);
    expect(await failure(() => object.structOps('broken'))).toMatch(
      /^rejected: writes is rejected: .*writes to what argument 0 of struct policy_ops::matches .*read-only/,
    );
    expect(await failure(() => object.structOps('careless'))).toMatch(
      /^rejected: follows is rejected: .*NULL/,
    );
    expect(await failure(() => object.program('stray'))).toMatch(
      /^unsupported: stray cannot be verified: .*: name it in a table of callbacks/,
    );
    expect(await failure(() => object.structOps())).toBe(
      "bad-argument: name one of the object's tables of callbacks: policy, careless, broken",
    );
    expect(await failure(() => object.structOps('.bss'))).toMatch(/^not-found: .*not a table of callbacks$/);
  });

  it('run unverified in the sandbox, where pointers to const are not written through', async () => {
    using object = await open(FILE, { sandbox: true });
    const broken = await object.structOps('broken');
    const request = { id: 1, size: 0, path: '' };
    expect(await failure(() => broken.call('matches', request))).toMatch(/^trap: /);
    expect((await object.structOps('careless')).call('matches', request, request)).toBe(true);
  });

  it('are a map that holds the other members, and cannot be changed', async () => {
    using object = await open(FILE);
    const map = object.map<number, { flags: number; name: string }>('policy');
    expect(map.get(0)).toMatchObject({ flags: 5, name: 'strict' });
    expect([...map.keys()]).toEqual([0]);
    expect(await failure(() => map.delete(0))).toMatch(/^map-operation: /);
    expect(await failure(() => map.set(0, map.get(0) as never))).toMatch(
      /^map-operation: .*EPERM|^map-operation/,
    );
  });
});

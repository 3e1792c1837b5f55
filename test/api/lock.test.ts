import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { abi, open } from '../../src/index.ts';
import { engines, mapSpec, openText } from './build.ts';

const path = fileURLToPath(new URL('../objects/lock.o', import.meta.url));

describe.each(engines)('maps with a spin lock (%s)', (engine) => {
  it('are locked by programs, and by the host with BPF_F_LOCK', async () => {
    using object = await open(path, { engine });
    const accounts = object.map<number, { transfers: number; balance: bigint }>('accounts');
    const fresh = { lock: { val: 0 }, transfers: 0, balance: 5n };
    accounts.set(7, fresh);
    accounts.set(7, { ...fresh, balance: 50n }, abi.BPF_EXIST | abi.BPF_F_LOCK);
    const deposit = await object.program('deposit');
    expect(deposit.run(new Uint8Array(14)).verdict).toBe('XDP_PASS');
    expect(accounts.get(7)).toMatchObject({ transfers: 1, balance: 150n });
  });
});

it('BPF_F_LOCK needs a lock in the value', async () => {
  using object = await openText('r0 = map[0]\nexit', {
    engine: 'interp',
    maps: [mapSpec('plain', abi.MAP_TYPE_ARRAY)],
  });
  const plain = object.map<number, Uint8Array>('plain');
  expect(() => plain.set(0, new Uint8Array(plain.spec.valueSize), abi.BPF_F_LOCK)).toThrow(/-EINVAL/);
});

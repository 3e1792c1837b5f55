import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { openObject } from '../../src/frontend/object.ts';
import { open } from '../../src/index.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { trustedProof } from '../../src/verifier/proof.ts';
import { engines, ethernet, openText } from '../api/build.ts';
import { execute } from '../interp/harness.ts';
import { alu, exit, mov, r } from '../interp/insns.ts';
import { executeTranslated } from '../jit/harness.ts';

const object = () => openObject(readFileSync(new URL('../objects/kfuncs.o', import.meta.url)), 'kfuncs.o');

describe.each(engines)('kernel functions in %s', (engine) => {
  it.each([
    ['iterate', 45],
    ['order', 64],
    ['known', 1],
    ['address', 0],
  ])('%s', async (name, r0) => {
    using opened = await open(object(), { engine });
    const program = await opened.program(name);
    expect(program.run(ethernet(0)).r0).toBe(BigInt(r0));
  });

  it('run in the sandbox too, where they get no more than the program has', async () => {
    const call = (address: string) => `
      r1 = ${address}
      r2 = 3
      r3 = 9
      call kfunc bpf_iter_num_new
      exit`;
    const options = { engine, sandbox: true, type: 'sched_cls' } as const;
    using inside = await openText(call('r10\nr1 += -8'), options);
    expect((await inside.program()).run(ethernet(0)).r0).toBe(0n);
    using outside = await openText(call('4096'), options);
    const program = await outside.program();
    expect(() => program.run(ethernet(0))).toThrow(/passes address 0x1000 to a helper/);
  });
});

test('weak functions have an address where the engine has the function, and there alone', async () => {
  const ADDRESS = `
    r0 = 0
    r1 = 1 ll
    if r1 == 0 goto out
    r0 = 1
    out: exit`;
  const opened = async (name: string) => {
    using one = await openText(ADDRESS, { type: 'sched_cls' });
    const [program] = one.programs;
    if (program === undefined) throw new Error('no program');
    using other = await open({ ...program, kfuncAddresses: new Map([[1, name]]) });
    return (await other.program()).run(ethernet(0)).r0;
  };
  expect(await opened('bpf_rcu_read_lock')).toBe(1n);
  expect(await opened('bpf_xdp_get_xfrm_state')).toBe(0n);
});

test('calls are given the constants of the proof', async () => {
  const call = (imm: number): Insn => ({ kind: 'call', target: 'kfunc', imm, off: 0 });
  // bpf_iter_num_new(r10 - 8, 5, 1) would fail; the fix-ups make it (r10 - 8, -2, 4), whose first element is -2.
  const insns = [
    mov(6, r(10)),
    alu('add', 6, -8),
    mov(1, r(6)),
    mov(2, 5),
    mov(3, 1),
    call(1),
    mov(7, r(0)),
    mov(1, r(6)),
    call(2),
    { kind: 'load', size: 4, signed: true, dst: 0, src: 0, off: 0 } as const,
    alu('add', 0, r(7)),
    exit,
  ];
  const fixups = [
    { register: 2, value: -2n },
    { register: 3, value: 4n },
  ];
  const proof = { ...trustedProof, facts: new Map([[5, { fixups }]]) };
  expect(execute({ insns, proof })).toMatchObject({ r0: 2n ** 64n - 2n });
  expect(await executeTranslated({ insns, proof })).toMatchObject({ r0: 2n ** 64n - 2n });
});

import { describe, expect, it } from 'vitest';
import { programFromAssembly } from '../../../src/frontend/raw.ts';
import { formatScalar } from '../../../src/verifier/scalar.ts';
import { Verifier } from '../../../src/verifier/verify.ts';

const verifier = await Verifier.open();

/** What is proved of a register before an instruction: '' for nothing. */
function fact(text: string, slot: number, register: number): string {
  const { proof, rejection } = verifier.verify(programFromAssembly(text, { type: 'xdp' }));
  if (proof === undefined) throw new Error(rejection?.reason ?? 'not accepted');
  const found = proof.facts.get(slot)?.registers?.find((one) => one.register === register);
  return found?.scalar === undefined ? '' : formatScalar(found.scalar);
}

const facts = (text: string) => verifier.verify(programFromAssembly(text, { type: 'xdp' })).proof?.facts;

describe('bounds of scalars', () => {
  it('are those of all paths', () => {
    const text = 'r1 = *(u32 *)(r1 + 12)\nr0 = 3\nif r1 == 0 goto end\nr0 = 5\nend:\nr0 += 1\nexit';
    expect(fact(text, 4, 0)).toBe(
      'scalar(smin=umin=smin32=umin32=3,smax=umax=smax32=umax32=5,var_off=(0x1; 0x6))',
    );
  });

  it('hold for values that the walk did not look at, for no decision depended on them', () => {
    // The second time round, the state at `again` differs in r7 alone, and is not walked on.
    const text =
      'r6 = *(u32 *)(r1 + 12)\nr7 = 1\nif r6 == 0 goto use\nr7 = 1000\nuse:\nr8 = r7\nr0 = r8\nif r0 > 5000 goto use\nexit';
    expect(fact(text, 5, 8)).toBe(
      'scalar(smin=umin=smin32=umin32=1,smax=umax=smax32=umax32=1000,var_off=(0x0; 0x3e9))',
    );
  });

  it('are found for loops', () => {
    const text = 'r6 = 0\nagain:\nr6 += 1\nif r6 < 10 goto again\nr0 = r6\nexit';
    expect(fact(text, 1, 6)).toBe('scalar(smin=smin32=0,smax=umax=smax32=umax32=9,var_off=(0x0; 0xf))');
    expect(fact(text, 3, 6)).toBe('10');
  });

  it('go through the stack', () => {
    const text = 'r1 = *(u32 *)(r1 + 12)\nr1 &= 7\n*(u64 *)(r10 - 8) = r1\nr0 = *(u64 *)(r10 - 8)\nexit';
    expect(fact(text, 4, 0)).toBe('scalar(smin=smin32=0,smax=umax=smax32=umax32=7,var_off=(0x0; 0x7))');
  });

  it('do not go through a slot whose address is given away', () => {
    const text =
      '*(u64 *)(r10 - 8) = 1\nr1 = r10\nr1 += -8\ncall local change\nr0 = *(u64 *)(r10 - 8)\nr0 += 0\nexit\nchange:\n*(u64 *)(r1 + 0) = 2\nr0 = 0\nexit';
    expect(fact(text, 5, 0)).toBe('');
  });
});

describe('other facts', () => {
  it('name jumps that always go one way, and what is never reached', () => {
    const found = facts('r1 = 1\nif r1 == 1 goto end\nr0 = 7\nend:\nr0 = 0\nexit');
    expect(found?.get(1)?.taken).toBe(true);
    expect(found?.get(2)).toEqual({ dead: true });
  });

  it('name the offset of a stack access, unless it differs', () => {
    const found = facts(
      'r2 = r10\nr1 = *(u32 *)(r1 + 12)\nif r1 == 0 goto store\nr2 += -8\nstore:\n*(u64 *)(r2 - 8) = 0\n*(u64 *)(r10 - 24) = 0\nr0 = 0\nexit',
    );
    expect(found?.get(4)?.stackOffset).toBeUndefined();
    expect(found?.get(5)?.stackOffset).toBe(-24);
  });
});

import { describe, expect, it } from 'vitest';
import { assemble } from '../../../src/isa/asm.ts';
import { decodeProgram } from '../../../src/isa/decode.ts';
import { loopNumbers } from '../../../src/verifier/static/components.ts';
import { liveRegisters } from '../../../src/verifier/static/liveness.ts';
import { CHECKPOINT, JUMP, markPoints, PRUNE } from '../../../src/verifier/static/points.ts';

const insnsOf = (text: string) => decodeProgram(assemble(text).code).insns;

const names = (mask: number): string =>
  [...Array(11).keys()]
    .filter((register) => (mask & (1 << register)) !== 0)
    .map((register) => `r${register}`)
    .join(' ');

const live = (text: string): string[] => [...liveRegisters(insnsOf(text), () => 2)].map(names);

describe('registers read later', () => {
  it('begin where they are written and end where they are read', () => {
    expect(live('r6 = r1\nr0 = 0\nr0 += r6\nexit')).toEqual(['r1', 'r6', 'r0 r6', 'r0']);
  });

  it('are those of all paths', () => {
    expect(live('if r1 == 0 goto other\nr0 = r2\nexit\nother:\nr0 = r3\nexit')[0]).toBe('r1 r2 r3');
  });

  it('go round loops', () => {
    expect(live('r6 = 0\nagain:\nr6 += 1\nif r6 < r7 goto again\nr0 = 0\nexit')).toEqual([
      'r7',
      'r6 r7',
      'r6 r7',
      '',
      'r0',
    ]);
  });

  it('are as many as a call takes arguments, and none of r0 to r5 behind it', () => {
    expect(live('r1 = 1\ncall 1\nr0 = 0\nexit')).toEqual(['r2', 'r1 r2', '', 'r0']);
  });
});

describe('loops', () => {
  const numbers = (text: string, isLoop = (_: number) => false): number[] => [
    ...loopNumbers(insnsOf(text), isLoop),
  ];

  it('are numbered, and straight code is not', () => {
    const text = 'r1 = 0\nagain:\nr1 += 1\nif r1 < 9 goto again\nr0 = 0\nexit';
    expect(numbers(text)).toEqual([0, 1, 1, 0, 0]);
  });

  it('have one number with the loops inside them', () => {
    const text =
      'r1 = 0\nouter:\nr2 = 0\ninner:\nr2 += 1\nif r2 < 3 goto inner\nr1 += 1\nif r1 < 3 goto outer\nr0 = 0\nexit';
    expect(numbers(text)).toEqual([0, 1, 1, 1, 1, 1, 0, 0]);
  });

  it('may be a single instruction', () => {
    expect(numbers('again:\nif r1 == 0 goto again\nr0 = 0\nexit')).toEqual([1, 0, 0]);
    expect(numbers('call 181\nexit', (slot) => slot === 0)).toEqual([1, 0]);
  });
});

describe('points where states are compared', () => {
  const marks = (text: string): number[] =>
    [...markPoints(insnsOf(text), () => 'plain')].slice(0, insnsOf(text).length);

  it('are jumps, their targets, and what follows a call', () => {
    expect(marks('call 7\nif r0 == 0 goto end\nr0 = 1\nend:\nexit')).toEqual([
      0,
      PRUNE | JUMP,
      0,
      PRUNE | JUMP,
    ]);
  });

  it('are kept for certain at may_goto', () => {
    expect(marks('may_goto end\nr0 = 1\nend:\nexit')[0]).toBe(PRUNE | CHECKPOINT);
  });
});

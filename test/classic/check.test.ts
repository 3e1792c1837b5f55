import { describe, expect, it } from 'vitest';
import { programFromClassic, type WebpfError } from '../../src/index.ts';

/** The text of `tcpdump -ddd` for these instructions. */
const listed = (...insns: readonly string[]): string => [insns.length, ...insns].join('\n');

function refusal(source: string | Uint8Array, kind?: 'seccomp'): string {
  try {
    programFromClassic(source, { kind });
    return 'taken';
  } catch (error) {
    return `${(error as WebpfError).code}: ${(error as WebpfError).message}`;
  }
}

const RET = '6 0 0 0';

describe('classic filters are refused as the kernel refuses them', () => {
  it.each([
    ['nothing', listed(), 'has 1 to 4096 instructions, not 0'],
    ['too long', listed(...Array<string>(4097).fill(RET)), 'not 4097'],
    ['no return at the end', listed('0 0 0 1'), 'the last instruction must be a return'],
    ['an unknown code', listed('255 0 0 0', RET), 'instruction 0: '],
    ['a 32-bit shift', listed('100 0 0 32', RET), 'shifts by 32'],
    ['division by the constant 0', listed('52 0 0 0', RET), 'divides by the constant 0'],
    ['remainder by the constant 0', listed('148 0 0 0', RET), 'divides by the constant 0'],
    ['a jump beyond the end', listed('5 0 0 1', RET), 'jumps to instruction 2, but the last one is 1'],
    ['a branch beyond the end', listed('21 0 3 1', RET), 'jumps to instruction 4'],
    ['a jump back', listed('0 0 0 1', '5 0 0 4294967294', RET), 'jumps 2 back, but filters have no loops'],
    ['a word of scratch memory too far', listed('2 0 0 16', RET), 'M[16] is not there'],
    ['scratch memory never written', listed('96 0 0 3', RET), 'M[3] is read'],
    [
      'scratch memory written on one way alone',
      listed('21 0 1 1', '2 0 0 3', '96 0 0 3', RET),
      'instruction 2: M[3] is read',
    ],
    ['an extension nobody knows', listed(`32 0 0 ${0xfffff000 + 2}`, RET), 'no extension at SKF_AD_OFF + 2'],
  ])('%s', (_, source, message) => {
    expect(refusal(source)).toContain('bad-program');
    expect(refusal(source)).toContain(message);
  });

  it.each([
    ['a load of bytes', '48 0 0 0', 'instruction 0: '],
    ['a remainder', '148 0 0 3', 'instruction 0: '],
    ['an offset between words', '32 0 0 2', 'words at 0, 4'],
    ['an offset behind the data', '32 0 0 64', 'words at 0, 4'],
    ['a load relative to X', '64 0 0 0', 'instruction 0: '],
  ])('of system calls: %s', (_, insn, message) => {
    expect(refusal(listed(insn, RET), 'seccomp')).toContain(message);
  });

  it('takes instructions that no way leads to', () => {
    expect(refusal(listed('5 0 0 1', '0 0 0 9', RET))).toBe('taken');
  });
});

describe('texts and bytes of filters', () => {
  const bytes = Uint8Array.of(0x06, 0, 0, 0, 0xff, 0xff, 0, 0);
  const { code } = programFromClassic(bytes);

  it.each([
    ['tcpdump -ddd', '1\n6 0 0 65535\n'],
    ['iptables', '1,6 0 0 65535,'],
    ['tcpdump -dd', '{ 0x6, 0, 0, 0x0000ffff },\n'],
  ])('%s', (_, text) => {
    expect(programFromClassic(text).code).toEqual(code);
  });

  it.each([
    ['bytes of no whole instruction', new Uint8Array(9), '9 bytes are no struct sock_filter'],
    ['a wrong count', '2\n6 0 0 0', 'says 2 instructions, but 1 follow'],
    ['no count', 'x\n6 0 0 0', 'must be the number of instructions, not "x"'],
    ['too few numbers', '1\n6 0 0', 'has four numbers (code jt jf k), not 3'],
    ['a number too large', '1\n6 256 0 0', 'jt is "256", but must be an integer from 0 to 255'],
    ['words between', '{ 6, 0, 0, 0 }; oops', 'stands between the instructions'],
  ])('says what is wrong with %s', (_, source, message) => {
    expect(refusal(source)).toContain(message);
  });

  it('are the source lines of the program', () => {
    const { lines } = programFromClassic(listed('40 0 0 12', '21 0 1 2048', '6 0 0 65535', RET));
    expect(lines.map(({ text }) => text)).toEqual([
      '(000) ldh      [12]',
      '(001) jeq      #0x800           jt 2\tjf 3',
      '(002) ret      #65535',
      '(003) ret      #0',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { WebpfError } from '../../src/errors.ts';
import { assemble } from '../../src/isa/asm.ts';
import { disassemble, disassembleLines, format } from '../../src/isa/disasm.ts';

const hex = (text: string): string => Buffer.from(assemble(text).code).toString('hex');
const failure = (text: string, options = {}): WebpfError => {
  try {
    assemble(text, { name: 't.s', ...options });
  } catch (error) {
    if (error instanceof WebpfError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
};

describe('the C-like dialect', () => {
  // What clang-19 -mcpu=v4 assembles the same text to.
  it.each([
    ['r0 += 1', '0700000001000000'],
    ['w1 = -w1', '8401000000000000'],
    ['r1=-5', 'b7010000fbffffff'],
    ['if w1 > 5 goto +3', '2601030005000000'],
    ['if r1 s<= r2 goto -1', 'dd21ffff00000000'],
    ['if w1 & w2 goto pc+2', '4e21020000000000'],
    ['if r1 == 0xffffffff goto pc+0', '15010000ffffffff'],
    ['r1 = *(u32 *)(r2 + 4)', '6121040000000000'],
    ['w1 = *(u32 *)(r2 +4)', '6121040000000000'],
    ['r1 = *(s8 *)(r2 - 1)', '9121ffff00000000'],
    ['*(u8 *)(r10 - 1) = 5', '720affff05000000'],
    ['*(u64*)(r10-8)=r3', '7b3af8ff00000000'],
    ['lock *(u64*)(r1+0) += r2', 'db21000000000000'],
    ['lock *(u32 *)(r1 + 4) |= w2', 'c321040040000000'],
    ['r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)', 'db21000001000000'],
    ['r2 = atomic64_fetch_xor((u64 *)(r1 +8), r2)', 'db210800a1000000'],
    ['w2 = xchg32_32(r1 + 0, w2)', 'c3210000e1000000'],
    ['r0 = cmpxchg_64(r1 + 0, r0, r2)', 'db210000f1000000'],
    ['r0 = atomic_cmpxchg((u32 *)(r1 +0), r0, r2)', 'c3210000f1000000'],
    ['r1 = 0x1122334455667788 ll', '18010000887766550000000044332211'],
    ['(18) r1 = 0x5', '18010000050000000000000000000000'],
    ['r1 = -1 ll', '18010000ffffffff00000000ffffffff'],
    ['r1 s/= -3', '37010100fdffffff'],
    ['w1 s%= w3', '9c31010000000000'],
    ['r1 s>>= 4', 'c701000004000000'],
    ['w1 = (s16)w2', 'bc21100000000000'],
    ['r1 = be16 r1', 'dc01000010000000'],
    ['r1 = bswap32 r1', 'd701000020000000'],
    ['r0 = *(u8 *)skb[12]', '300000000c000000'],
    ['r0 = *(u16 *)skb[r3 + 4]', '4830000004000000'],
    ['call 12', '850000000c000000'],
    ['call bpf_tail_call', '850000000c000000'],
    ['call map_lookup_elem', '8500000001000000'],
    ['call bpf_redirect#23', '8500000017000000'],
    ['call pc+5', '8510000005000000'],
    ['call kfunc 7 off 2', '8520020007000000'],
    ['callx r2', '8d02000000000000'],
    ['goto +1', '0500010000000000'],
    ['gotol -2', '06000000feffffff'],
    ['may_goto +3', 'e500030000000000'],
    ['gotox r4', '0d04000000000000'],
    ['exit', '9500000000000000'],
    ['r1 = addr_space_cast(r2, 0x0, 0x1)', 'bf21010001000000'],
    ['r1 = load_acquire((u16 *)(r2 + 2))', 'cb21020000010000'],
    ['store_release((u64 *)(r2 + 8), r1)', 'db12080010010000'],
    ['r1 = map[3]', '18510000030000000000000000000000'],
    ['r1 = map[fd:3][0]+16 ll', '18210000030000000000000010000000'],
    ['r1 = btf[9][fd:4]', '18310000090000000000000004000000'],
    ['r1 = subprog[+5]', '18410000050000000000000000000000'],
  ])('%s', (text, code) => {
    expect(hex(text)).toBe(code);
  });

  it('takes labels, comments and what disassemblers print around instructions', () => {
    const text = `
start: r0 = 0        // zero
loop:
  r0 += 1            ; one
  if r0 < 10 goto loop   # again
  r2 = callback ll
  call sub
  exit
sub: callback:
      42:\tb7 00 00 00 01 00 00 00\tr0 = 0x1
      43: (95) exit
`;
    const { insns, labels, lines } = assemble(text);
    expect(Object.fromEntries(labels)).toEqual({ start: 0, loop: 1, sub: 7, callback: 7 });
    expect(insns.map((insn) => format(insn, { opcode: false }))).toEqual([
      'r0 = 0',
      'r0 += 1',
      'if r0 < 0xa goto pc-2',
      'r2 = subprog[+3]',
      'call pc+1',
      'exit',
      'r0 = 1',
      'exit',
    ]);
    expect(lines[2]).toMatchObject({ insn: 2, line: 5, column: 3, file: '<assembly>' });
    expect(lines[4]).toMatchObject({ insn: 5 });
  });

  it('resolves map names', () => {
    expect(assemble('r1 = map[b]\nexit', { maps: ['a', 'b'] }).insns[0]).toMatchObject({ pseudo: 5, lo: 1 });
    expect(failure('r1 = map[c]', { maps: ['a', 'b'] }).message).toContain('one of the names [a, b]');
  });
});

describe('kernel functions by name', () => {
  const text = `call kfunc bpf_rcu_read_lock
call runtime bpf_rcu_read_unlock
call kfunc bpf_rcu_read_lock
call kfunc 7
call kernel-function#1
exit`;
  const { code, insns, kfuncs } = assemble(text);

  it('have indexes in order of first use', () => {
    expect(kfuncs).toEqual(['bpf_rcu_read_lock', 'bpf_rcu_read_unlock']);
    expect(insns.slice(0, 5).map((insn) => insn.kind === 'call' && insn.imm)).toEqual([0, 1, 0, 7, 1]);
    expect(assemble(text, { dialect: 'c' })).toMatchObject({ code, kfuncs });
    expect(assemble('exit').kfuncs).toEqual([]);
  });

  it.each(['kernel', 'llvm'] as const)('print by name where it is known (%s)', (dialect) => {
    const printed = disassemble(code, { dialect, kfuncs });
    expect(printed.match(/call .*/g)).toEqual([
      'call kfunc bpf_rcu_read_lock',
      'call kfunc bpf_rcu_read_unlock',
      'call kfunc bpf_rcu_read_lock',
      dialect === 'llvm' ? 'call kfunc 0x7' : 'call kernel-function#7',
      'call kfunc bpf_rcu_read_unlock',
    ]);
    expect(assemble(printed)).toMatchObject({ code, kfuncs });
  });

  it('that could not be read back are numbers', () => {
    const call = insns[0] ?? { kind: 'exit' };
    expect(format(call, { kfuncs: ['no name'], opcode: false })).toBe('call kernel-function#0');
    expect(failure('call kfunc').message).toContain('expected the name of a kernel function, or a BTF id');
  });
});

describe('the suite dialect', () => {
  it('reads every form of operand', () => {
    const text = `
mov32 %r0, 0xffffffff
lddw %r1, 0xffffffffffffffff
jne32 %r0, %r1, exit
jeq %r0, -1, +0
ldxsb %r2, [%r1-0x8]
stw [%r10-4], 0x80000001
lock cmpxchg32 [%r10-8], %r1
call local f
call %r2
ja32 f
exit
f: movsx1632 %r0, %r1
neg %r0
ldabsh 12
ldindb %r3
exit`;
    const printed = disassembleLines(assemble(text, { dialect: 'suite' }).code, { opcode: false });
    expect(printed.map((line) => line.text)).toEqual([
      'w0 = -1',
      'r1 = 0xffffffffffffffff ll',
      'if w0 != w1 goto pc+7',
      'if r0 == 0xffffffff goto pc+0',
      'r2 = *(s8 *)(r1 -8)',
      '*(u32 *)(r10 -4) = -2147483647',
      'r0 = atomic_cmpxchg((u32 *)(r10 -8), r0, r1)',
      'call pc+3',
      'callx r2',
      'gotol pc+1',
      'exit',
      'w0 = (s16)w1',
      'r0 = -r0',
      'r0 = *(u16 *)skb[12]',
      'r0 = *(u8 *)skb[r3 + 0]',
      'exit',
    ]);
  });

  it('mixes with C unless told not to', () => {
    expect(assemble('mov %r0, 0\nr0 += 1\nexit').insns).toHaveLength(3);
    expect(failure('r0 += 1', { dialect: 'suite' }).message).toContain('expected an instruction');
    expect(failure('mov %r0, 1', { dialect: 'c' }).message).toContain('expected an instruction');
  });
});

describe('assembly errors', () => {
  it.each([
    ['r0 = 1\nr11 = 0', 't.s:2:1: the last register is r10'],
    ['r0 = 4294967296', 't.s:1:6: an immediate 4294967296 is out of the 32-bit range'],
    ['r0 = *(u32 *)(r1 + 40000)', 't.s:1:18: an offset 40000 is out of the 16-bit range'],
    ['r0 += w1', 't.s:1:7: expected a 64-bit register like the destination'],
    ['r0 ?= 1', 't.s:1:4: "?= 1" begins no token'],
    ['r0 = 1 2', 't.s:1:8: expected the end of the line, but found "2"'],
    ['goto nowhere', 't.s:1:1: there is no label "nowhere"'],
    ['a:\na: exit', 't.s:2:1: expected each label once'],
    ['', 't.s: there is no instruction'],
    ['r0 = *(s64 *)(r1 + 0)', 'need no sign extension'],
    ['if r0 =< 1 goto +1', 'expected one of == > >='],
    ['r1 = -r2', 'expected register 1 again'],
    ['lock *(u16 *)(r1 + 0) += r2', 'u32 or u64'],
    ['r3 = atomic_fetch_add((u64 *)(r1 + 0), r2)', 'to go to r2, not r3'],
    ['w1 = be16 w1', '32-bit registers'],
    ['call bpf_redirect#24', 'helper 23 goes by this name'],
    ['<unknown>', 'expected an instruction'],
    ['r0 = bogus(1)', 'expected the end of the line'],
    ['add %r0', 'expected ","'],
    ['neg %r0, %r1', 'expected the end of the line'],
    ['ldabsb %r1', 'expected a packet offset'],
  ])('%j', (text, message) => {
    const error = failure(text);
    expect(error.code).toBe('bad-assembly');
    expect(error.message).toContain(message);
  });

  it('says when a label is too far', () => {
    const error = failure(`goto end\n${'r0 = 0\n'.repeat(40000)}end: exit`);
    expect(error.message).toContain('label "end" is 40000 slots away');
    expect(error.source).toMatchObject({ file: 't.s', line: 1, column: 1, text: 'goto end' });
  });
});

describe('disassembly', () => {
  const { code } = assemble('r1 = 5 ll\nif r1 > 3 goto end\nr0 = -2\nend: exit');

  it('numbers slots as bpftool does', () => {
    expect(disassemble(code)).toBe(
      '   0: (18) r1 = 0x5\n   2: (25) if r1 > 0x3 goto pc+1\n   3: (b7) r0 = -2\n   4: (95) exit\n',
    );
  });

  it('shows bytes and symbols as llvm-objdump does', () => {
    const symbol = (slot: number): string => `main+0x${(slot * 8).toString(16)}`;
    const lines = disassemble(code, { dialect: 'llvm', symbol }).split('\n');
    expect(lines[0]).toBe('       0:\t18 01 00 00 05 00 00 00 00 00 00 00 00 00 00 00\tr1 = 0x5 ll');
    expect(lines[1]).toBe('       2:\t25 01 01 00 03 00 00 00\tif r1 > 0x3 goto +0x1 <main+0x20>');
    expect(assemble(lines.join('\n')).code).toEqual(code);
  });

  it('marks what is no instruction when asked to', () => {
    expect(disassembleLines(new Uint8Array(8).fill(255), { tolerant: true })[0]?.text).toBe('<unknown>');
    expect(() => disassemble(new Uint8Array(8).fill(255))).toThrow('unknown opcode 0xff');
  });
});

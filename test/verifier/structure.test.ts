import { describe, expect, it } from 'vitest';
import { WebpfError } from '../../src/errors.ts';
import type { Program } from '../../src/frontend/program.ts';
import { type AssembleOptions, assemble } from '../../src/isa/asm.ts';
import { checkStructure, type Structure } from '../../src/verifier/structure.ts';

const MAP = { name: 'm', type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0, section: '.maps' };

const program = (text: string, more: Partial<Program> = {}, options: AssembleOptions = {}): Program => {
  const { code, lines } = assemble(text, { name: 'test.s', ...options });
  return {
    name: 'prog',
    section: '',
    type: 'unspec',
    typeGuessed: true,
    attachTo: '',
    sleepable: false,
    frags: false,
    autoload: true,
    code,
    subprograms: [],
    maps: [],
    lines,
    license: 'GPL',
    ...more,
  };
};
const check = (text: string, more: Partial<Program> = {}): Structure => checkStructure(program(text, more));
const refusal = (text: string, more: Partial<Program> = {}): WebpfError => {
  try {
    check(text, more);
  } catch (error) {
    if (error instanceof WebpfError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
};

/** Functions f1 to fN, each calling the next. */
const chain = (count: number): string =>
  `call f1\nexit\n${Array.from({ length: count }, (_, index) =>
    index + 1 < count ? `f${index + 1}: call f${index + 2}\nexit` : `f${index + 1}: exit`,
  ).join('\n')}`;

describe('refused', () => {
  it.each([
    ['goto +3\nexit', 0, 'jump out of range from insn 0 to 4'],
    ['goto f\nexit\nf: exit\ncall f', 0, 'jump out of range from insn 0 to 2'],
    ['goto +1\nr0 = 1 ll\nexit', 0, 'jump into the middle of ldimm64 insn 1'],
    ['r0 = 0', 0, 'last insn is not an exit or jmp'],
    ['call f\nf: exit', 0, 'last insn is not an exit or jmp'],
    ['exit\nr0 = 0\nexit', 1, 'unreachable insn 1'],
    ['goto end\nr0 = 0\nend: exit', 1, 'unreachable insn 1'],
    ['r10 = 0\nexit', 0, 'frame pointer is read only'],
    ['r10 += 8\nexit', 0, 'frame pointer is read only'],
    ['r10 = *(u64 *)(r1 + 0)\nexit', 0, 'frame pointer is read only'],
    ['r10 = atomic_fetch_add((u64 *)(r1 + 0), r10)\nexit', 0, 'frame pointer is read only'],
    ['r1 = map[1]\nexit', 0, 'map index 1 is out of range: the program has 1 maps'],
    ['r1 = map[-1][0]+0\nexit', 0, 'map index -1 is out of range'],
    ['call +7\nexit', 0, 'call to invalid destination 8'],
    ['call f\nexit\nf: call f\nexit', 2, 'recursive call to the function at insn 2'],
    ['call f\nexit\nf: call g\nexit\ng: call f\nexit', 4, 'functions at insns 2 -> 4 -> 2'],
    ['call main\nexit'.replace('main', 'local -1'), 0, 'recursive call'],
    ['r0 = 0\ncall kfunc 1\nexit', 1, 'kfunc index 1 is out of range: the program names 1 kernel functions'],
    ['call kfunc -1\nexit', 0, 'kfunc index -1 is out of range'],
    ['call kfunc 0 off 2\nexit', 0, 'kfunc call with off 2: must be 0'],
    [chain(8), 16, 'the call stack of 9 frames is too deep: at most 8'],
  ])('%j', (text, insn, message) => {
    const error = refusal(text, { maps: [MAP], kfuncs: ['bpf_rcu_read_lock'] });
    expect(error.code).toBe('bad-program');
    expect(error.message).toContain(message);
    expect(error.insn).toBe(insn);
    expect(error.subject).toBe('prog');
    expect(error.source).toMatchObject({ file: 'test.s' });
  });

  it.each([
    ['r1 = map[fd:3]\nexit', 'linked by index'],
    ['r1 = btf[3]\nexit', 'BTF id'],
    ['gotox r1', 'jump table'],
    ['call kfunc 77\nexit', 'the kfunc call of BTF id 77 has no meaning here'],
  ])('%j as not supported', (text, message) => {
    const error = refusal(text);
    expect([error.code, error.stage]).toEqual(['unsupported', 'verifier']);
    expect(error.message).toContain(message);
  });

  it('when bytes are no instruction, with the source line', () => {
    const { code } = assemble('r0 = 0\nexit');
    code[1] = 0x10;
    const error = refusal('r0 = 0\nexit', { code });
    expect(error).toMatchObject({ code: 'bad-instruction', insn: 0, source: { line: 1, text: 'r0 = 0' } });
  });

  it('when the table of subprograms disagrees with the code', () => {
    const main = { name: 'prog', start: 0, length: 2, linkage: 'main' as const };
    const f = { name: 'f', start: 2, length: 1, linkage: 'static' as const };
    const text = 'call +1\nexit\nexit';
    expect(check(text, { subprograms: [main, f] }).subprograms.map(({ name }) => name)).toEqual([
      'prog',
      'f',
    ]);
    expect(refusal(text, { subprograms: [{ ...main, length: 3 }, f] }).message).toContain('has 3 slots');
    expect(refusal(text, { subprograms: [main] }).message).toContain(
      'insn 2 is called, but no subprogram begins',
    );
    expect(
      refusal('r0 = 0\nexit', {
        subprograms: [main, { ...f, start: 1 }],
      }).message,
    ).toContain('is neither called nor has its address taken');
  });
});

describe('accepted', () => {
  it('lists what the program uses', () => {
    const kfuncs = ['bpf_rcu_read_lock', 'bpf_rcu_read_unlock'];
    const structure = check(
      `r1 = map[0]
       r2 = cb ll
       call bpf_loop
       call f
       call bpf_loop
       callx r1
       call kfunc 1
       exit
    f: exit
   cb: call f
       exit`,
      { maps: [MAP], kfuncs },
    );
    expect([...structure.helpers]).toEqual([[181, 4]]);
    expect([...structure.kfuncs]).toEqual([[1, 8]]);
    expect(structure.kfuncNames).toEqual(kfuncs);
    expect([...structure.maps]).toEqual([[0, 0]]);
    expect(structure.indirectCalls).toEqual([7]);
    expect(structure.subprograms.map(({ name, start, length }) => [name, start, length])).toEqual([
      ['prog', 0, 10],
      ['sub_10', 10, 1],
      ['sub_11', 11, 2],
    ]);
    expect(structure.addressTaken).toEqual([2]);
    expect(structure.frames).toBe(3);
    expect(structure.deepestChain).toEqual([0, 2, 1]);
  });

  it('eight frames, and loops', () => {
    expect(check(chain(7)).frames).toBe(8);
    expect(check('a: r1 += 1\nif r1 < 9 goto a\nexit').frames).toBe(1);
    expect(check('a: goto a').subprograms[0]?.cfg.backEdges).toHaveLength(1);
  });

  it('a callback that takes its own address, whose depth is bounded when it runs', () => {
    expect(check('r2 = cb ll\ncall 170\nexit\ncb: r2 = cb ll\ncall 170\nexit').frames).toBe(2);
  });
});

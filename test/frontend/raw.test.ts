import { describe, expect, it } from 'vitest';
import { programFromAssembly, programFromBytes } from '../../src/frontend/raw.ts';

const EXIT = Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0);

describe('programs without a file', () => {
  it('come from bytes', () => {
    const made = programFromBytes(EXIT, { name: 'nothing', type: 'xdp' });
    expect(made).toMatchObject({ name: 'nothing', type: 'xdp', typeGuessed: false, section: '', code: EXIT });
    expect(() => programFromBytes(EXIT.slice(0, 7))).toThrow(
      expect.objectContaining({ code: 'bad-program' }),
    );
  });

  it('come from text, with subprograms named by their labels', () => {
    const made = programFromAssembly('call double\nexit\ndouble:\nr0 = 2\nexit', { name: 'main' });
    expect(made.subprograms).toEqual([
      { name: 'main', start: 0, length: 2, linkage: 'main' },
      { name: 'double', start: 2, length: 2, linkage: 'static' },
    ]);
    expect(made.kfuncs).toBeUndefined();
    expect(made.lines[2]).toMatchObject({ insn: 2, line: 4 });
    expect(() => programFromAssembly('r0 = = 1', { name: 'x' })).toThrow(
      expect.objectContaining({ code: 'bad-assembly' }),
    );
  });

  it('list the functions of the kernel they call, after those given', () => {
    const text = 'call kfunc bpf_b\ncall kfunc bpf_a\nexit';
    expect(programFromAssembly(text).kfuncs).toEqual(['bpf_b', 'bpf_a']);
    const given = programFromAssembly(text, { kfuncs: ['bpf_a', 'bpf_c'] });
    expect(given.kfuncs).toEqual(['bpf_a', 'bpf_c', 'bpf_b']);
    expect([given.code[4], given.code[12]]).toEqual([2, 0]);
    expect(programFromAssembly('call kfunc 1\nexit', { kfuncs: ['bpf_a', 'bpf_c'] }).kfuncs).toHaveLength(2);
    expect(programFromBytes(EXIT, { kfuncs: ['bpf_a'] }).kfuncs).toEqual(['bpf_a']);
  });
});

import { describe, expect, it } from 'vitest';
import { typeById } from '../../src/frontend/btf/lookup.ts';
import { openObject } from '../../src/frontend/object.ts';
import type { Program } from '../../src/frontend/program.ts';
import { assemble } from '../../src/isa/asm.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { disassemble } from '../../src/isa/disasm.ts';
import { KFUNC_NAMES } from '../../src/isa/kfuncs.ts';
import { subprogramReferences } from '../../src/isa/subprograms.ts';
import { KFUNCS } from '../../src/verifier/kfuncs/index.ts';
import { verify } from '../../src/verifier/verify.ts';
import { objectBytes, open, program } from './objects.ts';

const VERSIONS = ['v1', 'v2', 'v3', 'v4', 'nobtf'];

const names = ({ subprograms }: Program): string[] => subprograms.map(({ name }) => name);

/** Name of the function that each call and function address leads to, in slot order. */
function references(of: Program): string[] {
  const starts = new Map(of.subprograms.map(({ start, name }) => [start, name]));
  return subprogramReferences(decodeProgram(of.code).insns).map(
    ({ target }) => starts.get(target) ?? `?${target}`,
  );
}

describe.each(VERSIONS)('subprograms (%s)', (version) => {
  const object = open(`calls.${version}.o`);

  it('follow the main program in the order of discovery, depth first', () => {
    expect(names(program(object, 'first'))).toEqual(['first', 'deep', 'middle', 'leaf', 'other']);
    expect(names(program(object, 'second'))).toEqual(['second', 'other', 'middle', 'leaf']);
  });

  it('are what calls and function addresses lead to', () => {
    expect(references(program(object, 'first'))).toEqual([
      'deep',
      'other',
      'middle',
      'other',
      'leaf',
      'leaf',
    ]);
    expect(references(program(object, 'callback'))).toEqual(['never', 'step', 'leaf']);
  });

  it('may be static functions in a section of programs', () => {
    expect(references(program(object, 'user'))).toEqual(['helper', 'leaf']);
  });

  it('fill the program without gaps', () => {
    for (const { subprograms, code } of object.programs) {
      let at = 0;
      for (const { start, length } of subprograms) {
        expect(start).toBe(at);
        at += length;
      }
      expect(at * 8).toBe(code.length);
    }
  });

  it('have the linkage of their symbols, hidden ones being static', () => {
    const linkage = program(object, 'first').subprograms.map((each) => each.linkage);
    expect(linkage).toEqual(['main', 'static', 'static', 'global', 'static']);
  });
});

describe('debug information', () => {
  const object = open('calls.v3.o');
  const first = program(object, 'first');

  it('names the function of each subprogram', () => {
    const types = first.subprograms.map(
      ({ btfTypeId = 0 }) => object.btf && typeById(object.btf, btfTypeId).name,
    );
    expect(types).toEqual(names(first));
  });

  it('gives every subprogram source lines, in slot order', () => {
    const slots = first.lines.map(({ insn }) => insn);
    expect(slots).toEqual([...slots].sort((a, b) => a - b));
    for (const { start, name } of first.subprograms) {
      const line = first.lines.find(({ insn }) => insn === start);
      expect(line?.file).toMatch(/calls\.bpf\.c$/);
      expect(line?.text).toContain(`${name}(`);
    }
  });
});

describe('global data', () => {
  it.each(VERSIONS)('is reached by section and offset (%s)', (version) => {
    const globals = program(open(`data.${version}.o`), 'globals');
    const loads = decodeProgram(globals.code).insns.flatMap((insn) =>
      insn?.kind === 'lddw' ? [[insn.pseudo, globals.maps[insn.lo]?.name, insn.hi]] : [],
    );
    expect(loads).toContainEqual([6, '.data.custom', 0]);
    expect(loads).toContainEqual([6, '.rodata', 0]);
    for (const [pseudo, name] of loads) {
      expect(pseudo).toBe(6);
      expect(name).toMatch(/^\.(data|rodata|bss)/);
    }
  });

  it('leaves the maps of others out of a program', () => {
    const object = open('data.v3.o');
    expect(program(object, 'untouched').maps).toEqual([]);
    expect(object.maps.length).toBe(5);
  });
});

describe('programs without sections', () => {
  it('are the global functions of .text', () => {
    const object = open('text.o');
    expect(object.programs.map(({ name, type, typeGuessed }) => [name, type, typeGuessed])).toEqual([
      ['entry', 'unspec', true],
    ]);
    expect(names(program(object, 'entry'))).toEqual(['entry', 'inner']);
  });
});

describe('functions of the kernel', () => {
  const object = open('kfuncs.o');
  /** Name of the function that each kfunc call leads to, in slot order. */
  const called = ({ code, kfuncs = [] }: Program) =>
    decodeProgram(code).insns.flatMap((insn) =>
      insn?.kind === 'call' && insn.target === 'kfunc' ? [[kfuncs[insn.imm], insn.off]] : [],
    );

  it('are called by name, in the order of discovery', () => {
    const order = program(object, 'order');
    const [lock, unlock, disable, enable] = [
      'bpf_rcu_read_lock',
      'bpf_rcu_read_unlock',
      'bpf_preempt_disable',
      'bpf_preempt_enable',
    ];
    expect(order.kfuncs).toEqual([lock, unlock, disable, enable]);
    expect(called(order)).toEqual([lock, disable, enable, unlock].map((name) => [name, 0]));
    expect(names(order)).toEqual(['order', 'guarded']);
  });

  it('are named once each', () => {
    const iterate = program(object, 'iterate');
    expect(iterate.kfuncs).toEqual(['bpf_iter_num_new', 'bpf_iter_num_next', 'bpf_iter_num_destroy']);
    expect(called(iterate)).toHaveLength(4);
  });

  it('keep their names where they may be missing', () => {
    expect(called(program(object, 'weak'))).toEqual([['not_of_this_kernel', 0]]);
    expect(program(object, 'none').kfuncs).toEqual([]);
  });

  /** Values of the wide loads of a program, in slot order. */
  const loaded = ({ code }: Program) =>
    decodeProgram(code).insns.flatMap((insn) =>
      insn?.kind === 'lddw' ? [[insn.pseudo, insn.lo, insn.hi]] : [],
    );

  it('have the address 0 where they are weak and missing', () => {
    expect(loaded(program(object, 'address'))).toEqual([[0, 0, 0]]);
    expect(called(program(object, 'address'))).toEqual([['not_of_this_kernel', 0]]);
  });

  it('have addresses that differ where they are weak and there', () => {
    expect(loaded(program(object, 'known'))).toEqual([
      [0, 1, 0],
      [0, 2, 0],
    ]);
  });

  it('are there or not as the host says', () => {
    const kfuncExists = (name: string): boolean => name === 'not_of_this_kernel';
    const other = openObject(objectBytes('kfuncs.o'), 'kfuncs.o', { kfuncExists });
    expect(loaded(program(other, 'address'))).toEqual([[0, 1, 0]]);
    expect(loaded(program(other, 'known'))).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('have no address otherwise', () => {
    expect(object.refused.map((each) => each.program)).toEqual(['strong']);
    expect(object.refused[0]?.error.message).toContain("kernel symbol 'bpf_rcu_read_lock' (.ksyms)");
  });

  it('are by default those of the verifier', () => {
    expect([...KFUNC_NAMES].sort()).toEqual([...KFUNCS.keys()].sort());
  });

  it('are called in dead code, whether they are there or not', async () => {
    const verdicts = ['address', 'known'].map((name) => verify(program(object, name)));
    expect((await Promise.all(verdicts)).map(({ verdict }) => verdict)).toEqual(['accept', 'accept']);
  });

  it('print by name', () => {
    const { code, kfuncs } = program(object, 'iterate');
    const text = disassemble(code, { kfuncs });
    expect(text).toContain('(85) call kfunc bpf_iter_num_destroy');
    expect(assemble(text, { kfuncs })).toMatchObject({ code, kfuncs });
  });
});

describe('what needs a kernel', () => {
  const object = open('needs.o');
  const refusal = (name: string) => object.refused.find((each) => each.program === name)?.error;

  it('does not spoil the programs that do not', () => {
    expect(object.programs.map(({ name }) => name)).toEqual([
      'fine',
      'field',
      'enumerator',
      'through',
      'kfunc',
    ]);
    expect(program(object, 'fine').poisoned).toEqual(new Map());
  });

  it.each([
    ['field', [1], 'CO-RE relocation (field byte offset of struct task.inner.value) needs the types'],
    ['enumerator', [0, 1], 'CO-RE relocation (enumerator value of enum color::GREEN) needs the types'],
    ['through', [4], 'CO-RE relocation (field byte offset of struct task.pid) needs the types'],
  ])('is told of %s with the instruction that needs types', (name, slots, message) => {
    const { poisoned = new Map<number, string>() } = program(object, name);
    expect([...poisoned.keys()]).toEqual(slots);
    expect(poisoned.get(slots[0] ?? 0)).toContain(message);
  });

  it.each([
    ['config', 'unsupported', "kernel configuration value 'CONFIG_HZ' (.kconfig) at insn 0"],
    ['symbol', 'unsupported', "kernel symbol 'kernel_symbol' (.ksyms) at insn 0"],
    ['missing', 'bad-relocation', "function 'nowhere' at insn 1 is declared but not defined"],
    ['badmap', 'bad-map', "map 'broken': unknown attribute 'colour'; known are type,"],
  ])('refuses %s', (name, code, message) => {
    expect(refusal(name)).toMatchObject({ code, stage: 'frontend', subject: name });
    expect(refusal(name)?.message).toContain(message);
  });

  it('says where in the source', () => {
    expect(refusal('config')?.source?.text).toContain('int config(struct xdp_md *ctx)');
  });
});

import { describe, expect, it } from 'vitest';
import { typeById } from '../../src/frontend/btf/lookup.ts';
import type { Program } from '../../src/frontend/program.ts';
import { assemble } from '../../src/isa/asm.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { disassemble } from '../../src/isa/disasm.ts';
import { subprogramReferences } from '../../src/isa/subprograms.ts';
import { open, program } from './objects.ts';

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

  it('have no address', () => {
    expect(object.refused.map((each) => each.program)).toEqual(['address']);
    expect(object.refused[0]?.error.message).toContain("kernel symbol 'not_of_this_kernel' (.ksyms)");
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
    expect(object.programs.map(({ name }) => name)).toEqual(['fine', 'kfunc']);
  });

  it.each([
    ['field', 'unsupported', 'CO-RE relocation (field byte offset of struct task.inner.value) at insn 1'],
    ['enumerator', 'unsupported', 'CO-RE relocation (enumerator value of enum color::GREEN) at insn 0'],
    ['through', 'unsupported', 'CO-RE relocation (field byte offset of struct task.pid) at insn 4'],
    ['config', 'unsupported', "kernel configuration value 'CONFIG_HZ' (.kconfig) at insn 0"],
    ['symbol', 'unsupported', "kernel symbol 'kernel_symbol' (.ksyms) at insn 0"],
    ['missing', 'bad-relocation', "function 'nowhere' at insn 1 is declared but not defined"],
    ['badmap', 'bad-map', "map 'broken': unknown attribute 'colour'; known are type,"],
  ])('refuses %s', (name, code, message) => {
    expect(refusal(name)).toMatchObject({ code, stage: 'frontend', subject: name });
    expect(refusal(name)?.message).toContain(message);
  });

  it('says where in the source', () => {
    expect(refusal('through')?.source?.text).toContain('int below(struct xdp_md *ctx)');
  });
});

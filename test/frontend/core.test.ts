import { existsSync, readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { resolve, sizeOf } from '../../src/frontend/btf/lookup.ts';
import { parseBtf } from '../../src/frontend/btf/parse.ts';
import type { Btf, BtfComposite, BtfType, CoreRelocation } from '../../src/frontend/btf/types.ts';
import { contextTypes } from '../../src/frontend/core/contexts.ts';
import { applyCore } from '../../src/frontend/core/patch.ts';
import { CoreRelocations } from '../../src/frontend/core/relocations.ts';
import { contextTarget } from '../../src/frontend/core/target.ts';
import { POISON_HELPER, type ProgramType } from '../../src/frontend/program.ts';
import { assemble } from '../../src/isa/asm.ts';
import { disassembleLines } from '../../src/isa/disasm.ts';
import { contextOf } from '../../src/verifier/contexts/index.ts';
import { verify } from '../../src/verifier/verify.ts';
import { open, program } from './objects.ts';

const object = open('core.o');

const text = (name: string): string[] =>
  disassembleLines(program(object, name).code).map((line) => line.text.replace(/^\(..\) /, ''));

const poisonedSlots = (name: string): number[] => [...(program(object, name).poisoned?.keys() ?? [])];

const verdictOf = async (name: string): Promise<string> => (await verify(program(object, name))).verdict;

const POISON = `call unknown#${POISON_HELPER}`;

describe('CO-RE relocations of types that the host does not have', () => {
  it('are 0, but for the id of the local type', async () => {
    expect(text('types').slice(0, 5)).toEqual(['r1 = 0x5', 'r1 = 0x0', 'r1 = 0', 'r1 = 0', 'r1 = 0']);
    expect(poisonedSlots('types')).toEqual([]);
    expect(await verdictOf('types')).toBe('accept');
  });

  it('take typedefs for types of their own', () => {
    expect(text('named')).toEqual(['r0 = 0', 'exit']);
  });

  it('poison both slots of a wide load', async () => {
    expect(text('enumerators')).toEqual([
      'r1 = 0x0',
      'if r1 == 0x0 goto pc+3',
      POISON,
      POISON,
      'goto pc+7',
      'w0 = 0',
      'r1 = 0x0',
      'if r1 == 0x0 goto pc+3',
      POISON,
      POISON,
      'r0 >>= 32',
      'exit',
    ]);
    expect(poisonedSlots('enumerators')).toEqual([3, 4, 10, 11]);
    expect(await verdictOf('enumerators')).toBe('accept');
  });

  it('poison loads in subprograms too, which may be dead code', async () => {
    expect(poisonedSlots('guarded')).toEqual([2, 9]);
    expect(text('guarded')[9 - 1]).toBe('if w2 == 0x0 goto pc+1');
    expect(text('guarded')[9]).toBe(POISON);
    expect(await verdictOf('guarded')).toBe('accept');
  });

  it('say what the instruction needs', () => {
    const message = (name: string, slot: number) => program(object, name).poisoned?.get(slot);
    const missing = 'needs the types of a kernel, which webpf does not have: give them with the option "btf"';
    expect(message('unguarded', 0)).toBe(
      `CO-RE relocation (field byte offset of struct task.pid) ${missing}`,
    );
    expect(message('guarded', 9)).toBe(
      `CO-RE relocation (field byte offset of struct task.inner.values[2]) ${missing}`,
    );
    expect(message('bitfield', 3)).toBe(`CO-RE relocation (field signedness of struct task.flag) ${missing}`);
  });

  it('are not accepted where they are reached', async () => {
    expect(await verdictOf('unguarded')).not.toBe('accept');
    expect(await verdictOf('bitfield')).not.toBe('accept');
  });
});

describe('CO-RE relocations of contexts', () => {
  it('follow their layout, whatever the program thinks of it', () => {
    expect(text('contexts')).toEqual([
      'r2 = 1',
      'r2 = 224',
      'r2 = 1',
      'r2 = 0',
      'r2 = 4',
      'r2 = 16',
      'r2 = 0',
      'r2 = 32',
      'r2 = 32',
      'r2 = *(u32 *)(r1 +20)',
      'r0 = *(u32 *)(r1 +12)',
      'w0 += w2',
      'exit',
    ]);
    expect(text('registers')).toEqual(['r0 = *(u64 *)(r1 +112)', 'exit']);
  });

  it('leave open what only a kernel knows', () => {
    expect(poisonedSlots('unanswered')).toEqual([0, 1, 2]);
    expect(program(object, 'unanswered').poisoned?.get(2)).toContain(
      'type match of struct bpf_sock_ops___part',
    );
  });
});

const KERNEL_BTF = '/sys/kernel/btf/vmlinux';
/** Other kernels have other fields. */
const comparable = existsSync(KERNEL_BTF) && release().startsWith('6.18.') && arch() === 'x64';

/** Named members, those of anonymous structures in it among them. */
function membersOf(btf: Btf, composite: BtfComposite, at = 0): [string, number, BtfType][] {
  return composite.members.flatMap(({ name, type, bitOffset }): [string, number, BtfType][] => {
    const of = resolve(btf, type);
    const offset = at + bitOffset / 8;
    if (name !== '') return [[name, offset, of]];
    return of.kind === 'struct' || of.kind === 'union' ? membersOf(btf, of, offset) : [];
  });
}

/** Name, place, size and sort of every named member. */
const layoutOf = (btf: Btf, struct: BtfComposite) => ({
  size: struct.size,
  fields: membersOf(btf, struct).map(([name, offset, type]) => {
    const element = type.kind === 'array' ? resolve(btf, type.type) : type;
    const kind = element.kind === 'int' || element.kind === 'ptr' ? element.kind : 'composite';
    const signed = element.kind === 'int' && element.encoding === 'signed';
    return { name, offset, kind, signed, size: sizeOf(btf, btf.types.indexOf(type)) };
  }),
});

const structsOf = (btf: Btf): BtfComposite[] =>
  btf.types.flatMap((type) => (type.kind === 'struct' && type.name !== '' ? [type] : []));

describe('the layout of contexts', () => {
  const TYPES: readonly ProgramType[] = ['xdp', 'sched_cls', 'cgroup_sock', 'sock_ops', 'sk_msg', 'kprobe'];
  const MORE: readonly ProgramType[] = ['sk_reuseport', 'sk_lookup', 'cgroup_device', 'cgroup_sockopt'];
  const own = contextTypes();

  it.each([...TYPES, ...MORE])('is what the verifier knows: %s', (type) => {
    const { name = '', size, fields = [] } = contextOf(type) ?? {};
    const struct = structsOf(own).find((each) => each.name === name);
    expect(struct?.size).toBe(size);
    for (const field of fields) {
      const member = struct?.members.find((each) => each.name === field.name);
      expect([field.name, (member?.bitOffset ?? -1) / 8]).toEqual([field.name, field.offset]);
    }
  });

  it.skipIf(!comparable)('is that of Linux 6.18', () => {
    const { btf } = parseBtf(new Uint8Array(readFileSync(KERNEL_BTF)), 'vmlinux');
    const kernels = new Map(structsOf(btf).map((struct) => [struct.name, struct]));
    for (const struct of structsOf(own)) {
      const theirs = kernels.get(struct.name);
      expect([struct.name, theirs && layoutOf(btf, theirs)]).toEqual([struct.name, layoutOf(own, struct)]);
    }
  });
});

describe('CO-RE relocations that contradict the object', () => {
  const btf: Btf = {
    types: [
      { kind: 'void', name: '' },
      { kind: 'int', name: 'int', size: 4, encoding: 'signed', bits: 32, bitOffset: 0 },
      { kind: 'struct', name: '', size: 4, members: [{ name: 'a', type: 1, bitOffset: 0, bitSize: 0 }] },
      { kind: 'struct', name: 's', size: 4, members: [{ name: 'a', type: 1, bitOffset: 0, bitSize: 0 }] },
      { kind: 'enum', name: 'e', size: 4, signed: false, values: [{ name: 'A', value: 0n }] },
      { kind: 'array', name: '', type: 1, indexType: 1, length: 0 },
      {
        kind: 'struct',
        name: 'flexible',
        size: 4,
        members: [
          { name: 'a', type: 1, bitOffset: 0, bitSize: 0 },
          { name: 'rest', type: 5, bitOffset: 32, bitSize: 0 },
        ],
      },
    ],
  };
  const FIELD_OFFSET = 0;
  const FIELD_EXISTENCE = 2;
  const LOCAL_ID = 6;
  const TYPE_EXISTENCE = 8;
  const TYPE_SIZE = 9;
  const ENUMERATOR_EXISTENCE = 10;

  function apply(insns: string, relocation: Partial<CoreRelocation>): Uint8Array {
    const { code } = assemble(insns);
    const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    const whole = { offset: 0, type: 3, access: '0', kind: TYPE_EXISTENCE, ...relocation };
    const insn = Math.floor(whole.offset / 8);
    const target = contextTarget();
    const site = { program: 'p', insn };
    const relocations = new CoreRelocations(btf, new Map(), target);
    const answer = () => relocations.answer(whole, site);
    applyCore(view, code.length / 8, { btf, relocation: whole, target, answer }, site);
    return code;
  }

  it('may name an array without end', () => {
    const relocation = { type: 6, access: '0:1:9', kind: FIELD_EXISTENCE };
    expect(apply('r1 = 1', relocation)).toEqual(assemble('r1 = 0').code);
  });

  it('may be of a type without a name where they ask for its number', () => {
    expect(apply('r1 = 9 ll', { type: 2, kind: LOCAL_ID })).toEqual(assemble('r1 = 2 ll').code);
  });

  it.each<[string, string, Partial<CoreRelocation>, string, string]>([
    ['a type without a name', 'r1 = 1', { type: 2 }, 'unsupported', 'type 2, which has no name'],
    ['an unknown kind', 'r1 = 1', { kind: 13 }, 'unsupported', 'unknown kind 13'],
    ['an unknown type', 'r1 = 1', { type: 70 }, 'bad-btf', 'BTF has no type 70'],
    ['a path of a type', 'r1 = 1', { access: '0:0' }, 'bad-relocation', "access '0:0' does not fit type 3"],
    ['no number', 'r1 = 1', { access: '0:x', kind: FIELD_OFFSET }, 'bad-relocation', "access '0:x'"],
    ['nothing', 'r1 = 1', { access: '', kind: FIELD_OFFSET }, 'bad-relocation', "access ''"],
    ['no member', 'r1 = 1', { access: '0:1', kind: FIELD_OFFSET }, 'bad-relocation', "access '0:1'"],
    ['a part of a number', 'r1 = 1', { access: '0:0:0', kind: FIELD_OFFSET }, 'bad-relocation', "'0:0:0'"],
    [
      'no enumerator',
      'r1 = 1 ll',
      { type: 4, access: '1', kind: ENUMERATOR_EXISTENCE },
      'bad-relocation',
      "access '1' does not fit type 4",
    ],
    [
      'too many steps',
      'r1 = 1',
      { access: Array(65).fill('0').join(':'), kind: FIELD_OFFSET },
      'bad-relocation',
      'does not fit',
    ],
    [
      'another number',
      'r1 = 5',
      { kind: TYPE_SIZE },
      'bad-relocation',
      "has 5, by the object's types it is 4",
    ],
    ['another wide number', 'r1 = 0x100000001 ll', {}, 'bad-relocation', 'has 4294967297, by'],
    ['a register', 'r1 = r2', {}, 'bad-relocation', 'opcode 0xbf cannot take one'],
    ['an exit', 'exit', {}, 'bad-relocation', 'opcode 0x95 cannot take one'],
    ['half an instruction', 'r1 = 1', { offset: 4 }, 'bad-relocation', 'offset 4 is not at an instruction'],
  ])('are refused for %s', (_, insns, relocation, code, message) => {
    expect(() => apply(insns, relocation)).toThrow(
      expect.objectContaining({ name: 'WebpfError', code, message: expect.stringContaining(message) }),
    );
  });
});

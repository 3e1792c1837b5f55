import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WebpfError } from '../../src/errors.ts';
import { assemble } from '../../src/isa/asm.ts';
import { decodeInsn, decodeProgram, MAX_SLOTS } from '../../src/isa/decode.ts';
import { disassemble, format } from '../../src/isa/disasm.ts';
import { encode } from '../../src/isa/encode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { ROWS } from '../../src/isa/rows.ts';
import { anyInsn, insnOf } from './arbitrary.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const decodeError = (hex: string): WebpfError => {
  try {
    decodeProgram(bytes(hex));
  } catch (error) {
    if (error instanceof WebpfError) return error;
    throw error;
  }
  throw new Error(`${hex} was accepted`);
};
const present = (insns: readonly (Insn | undefined)[]): Insn[] => insns.filter((insn) => insn !== undefined);

const PRINTINGS = [
  { dialect: 'kernel' },
  { dialect: 'kernel', opcode: false },
  { dialect: 'llvm' },
  { dialect: 'llvm', alu32: true },
] as const;

describe('rows', () => {
  it('have unique names and encodings', () => {
    expect(new Set(ROWS.map(({ name, form }) => `${name} ${form}`)).size).toBe(ROWS.length);
    expect(new Set(ROWS.map(({ opcode, fields }) => JSON.stringify([opcode, fields]))).size).toBe(
      ROWS.length,
    );
  });

  it.each(ROWS.map((row) => [`${row.name} ${row.form}`, row] as const))('%s: identities', (_, row) => {
    fc.assert(
      fc.property(insnOf(row), (insn) => {
        const code = encode([insn]);
        expect(code[0]).toBe(row.opcode);
        expect(decodeInsn(code, 0)).toEqual(insn);
        for (const options of PRINTINGS) {
          const text = format(insn, options);
          expect(assemble(text).code, text).toEqual(code);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('assemble from the suite dialect by their names', () => {
    expect(assemble('add64 %r1, 2\nswap32 r3\nlock fetch xchg32 [%r1-4], %r2').insns).toEqual([
      { kind: 'alu', op: 'add', width: 64, dst: 1, imm: 2 },
      { kind: 'endian', op: 'bswap', bits: 32, dst: 3 },
      { kind: 'atomic', op: 'xchg', fetch: true, size: 4, dst: 1, src: 2, off: -4 },
    ]);
  });
});

describe('whole programs', () => {
  it('survive encode, decode, disassemble and assemble', () => {
    fc.assert(
      fc.property(fc.array(anyInsn, { minLength: 1, maxLength: 30 }), (insns) => {
        const code = encode(insns);
        expect(present(decodeProgram(code).insns)).toEqual(insns);
        for (const options of PRINTINGS) expect(assemble(disassemble(code, options)).code).toEqual(code);
      }),
      { numRuns: 200 },
    );
  });

  it('random bytes decode to what encodes to them, or fail with an error of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 64 }), (code) => {
        try {
          expect(encode(present(decodeProgram(code).insns))).toEqual(code);
        } catch (error) {
          if (!(error instanceof WebpfError)) throw error;
          expect(['bad-instruction', 'bad-program']).toContain(error.code);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('indexes instructions by slot', () => {
    const { insns } = decodeProgram(bytes('1800000005000000 0000000006000000 9500000000000000'));
    expect(insns).toEqual([{ kind: 'lddw', pseudo: 0, dst: 0, lo: 5, hi: 6 }, undefined, { kind: 'exit' }]);
  });
});

describe('decoding errors', () => {
  it.each([
    ['', 'bad-program', 'the program is empty'],
    ['95000000', 'bad-program', 'must be a multiple of 8'],
    ['8f00000000000000', 'bad-instruction', 'insn 0: unknown opcode 0x8f'],
    ['0700010001000000', 'bad-instruction', 'off is 1, but it is unused here and must be zero'],
    ['3702020001000000', 'bad-instruction', 'off is 2, but must be 0 (div) or 1 (sdiv)'],
    ['bf21010000000000', 'bad-instruction', 'insn 0: '],
    ['db21000002000000', 'bad-instruction', 'imm is 2'],
    ['db210000e0000000', 'bad-instruction', 'imm is 224'],
    ['d3210000e1000000', 'bad-instruction', 'must be 256 (ldacqb) or 272 (strelb)'],
    ['850b000001000000', 'bad-instruction', 'dst is 11'],
    ['b70b000001000000', 'bad-instruction', 'dst is r11, but the last register is r10'],
    ['8d00000002000000', 'bad-instruction', 'LLVM before 19'],
    ['1800000001000000', 'bad-instruction', 'takes two slots'],
    ['1800000001000000 9500000000000000', 'bad-instruction', 'opcode of the second slot is 149'],
    ['1850000001000000 0000000001000000', 'bad-instruction', 'imm of the second slot is 1'],
    ['1870000001000000 0000000001000000', 'bad-instruction', 'src is 7'],
    ['d700000008000000', 'bad-instruction', 'must be 16 (bswap16) or 32 (bswap32) or 64 (bswap64)'],
  ])('%s', (hex, code, message) => {
    const error = decodeError(hex);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('bounds the number of slots', () => {
    expect(() => decodeProgram(new Uint8Array((MAX_SLOTS + 1) * 8))).toThrow('at most 1000000');
  });

  it('checks the range of fields to encode, and that the instruction exists', () => {
    expect(() => encode([{ kind: 'ja', long: false, off: 40000 }])).toThrow('off is 40000');
    expect(() => encode([{ kind: 'load', size: 8, signed: true, dst: 0, src: 0, off: 0 }])).toThrow(
      'no instruction',
    );
  });
});

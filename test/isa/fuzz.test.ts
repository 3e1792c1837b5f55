/** Bad input of any kind gives an error of ours: assembly text, bytes, programs of random instructions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WebpfError } from '../../src/errors.ts';
import { programFromBytes } from '../../src/frontend/raw.ts';
import { assemble } from '../../src/isa/asm.ts';
import { disassembleLines, format } from '../../src/isa/disasm.ts';
import { encode } from '../../src/isa/encode.ts';
import { checkStructure } from '../../src/verifier/structure.ts';
import { anyInsn } from './arbitrary.ts';

/** Runs something that may fail with an error of ours, and with no other. */
const survive = (run: () => void): void => {
  try {
    run();
  } catch (error) {
    if (!(error instanceof WebpfError)) throw error;
    expect(error.message).not.toBe('');
  }
};

const WORDS =
  'r0 w1 %r2 r10 r11 = += s>>= ( ) * u32 s8 skb [ ] + - , goto if == lock exit call 5 0x7 ll map : fd ; # ! "';
const wordSalad = fc
  .array(fc.constantFrom(...WORDS.split(' ')), { maxLength: 12 })
  .map((words) => words.join(' '));

/** A line that was assembly, with a piece cut out or put in. */
const mutated = fc
  .tuple(anyInsn, fc.boolean(), fc.nat(60), fc.nat(4), fc.string({ maxLength: 3 }))
  .map(([insn, llvm, at, cut, put]) => {
    const text = format(insn, { dialect: llvm ? 'llvm' : 'kernel' });
    return text.slice(0, at) + put + text.slice(at + cut);
  });

describe('never fails otherwise', () => {
  it('on any text', () => {
    const text = fc.array(fc.oneof(wordSalad, mutated, fc.string()), { maxLength: 4 });
    fc.assert(
      fc.property(text, (lines) => survive(() => assemble(lines.join('\n')))),
      { numRuns: 3000 },
    );
  });

  it('on any bytes, disassembled leniently', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 80 }), (bytes) => {
        const code = bytes.subarray(0, bytes.length & ~7);
        expect(disassembleLines(code, { tolerant: true }).length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('on programs of random instructions', () => {
    fc.assert(
      fc.property(fc.array(anyInsn, { minLength: 1, maxLength: 20 }), (insns) => {
        const nearby = insns.map((insn) =>
          insn.kind === 'jump' || insn.kind === 'ja' ? { ...insn, off: insn.off % 8 } : insn,
        );
        survive(() => {
          checkStructure(programFromBytes(encode([...nearby, { kind: 'exit' }])));
        });
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['blanks', ' '.repeat(200_000)],
    ['digits', `r0 = ${'9'.repeat(200_000)}`],
    ['brackets', `r0 = ${'('.repeat(200_000)}`],
    ['symbols', `goto ${' <a>'.repeat(50_000)} x`],
    ['jumps to exit', `${'if r0 == 0 goto exit\n'.repeat(30_000)}exit`],
  ])('and is quick on many %s', (_, text) => {
    const start = performance.now();
    survive(() => assemble(text));
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

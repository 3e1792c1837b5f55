import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm.ts';
import { buildCfg, type Cfg } from '../../src/isa/cfg.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { depthFirst, dominates, dominatorTree, immediateDominators } from '../../src/isa/dominators.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { findSubprograms } from '../../src/isa/subprograms.ts';

const cfgOf = (text: string): Cfg => {
  const decoded = decodeProgram(assemble(text).code);
  return buildCfg(decoded, { start: 0, length: decoded.insns.length });
};
const idoms = (cfg: Cfg): number[] => Array.from(cfg.dominators.idom);

describe('basic blocks', () => {
  it('of a diamond with a wide instruction', () => {
    const cfg = cfgOf('if r1 == 0 goto b\nr0 = 1 ll\ngoto c\nb: r0 = 2\nc: exit');
    expect(cfg.blocks.map(({ start, end, successors }) => [start, end, successors])).toEqual([
      [0, 1, [1, 2]],
      [1, 4, [3]],
      [4, 5, [3]],
      [5, 6, []],
    ]);
    expect(cfg.blocks[3]?.predecessors).toEqual([1, 2]);
    expect(idoms(cfg)).toEqual([-1, 0, 0, 0]);
    expect(cfg.backEdges).toEqual([]);
  });

  it('of nested loops', () => {
    const cfg = cfgOf('a: r1 += 1\nb: r2 += 1\nif r2 < 9 goto b\nif r1 < 9 goto a\nexit');
    expect(cfg.backEdges).toEqual([
      { from: 1, to: 1 },
      { from: 2, to: 0 },
    ]);
    expect(cfg.irreducibleEdges).toEqual([]);
  });

  it('of a loop with two entries', () => {
    const cfg = cfgOf('if r1 == 0 goto b\na: r2 += 1\nb: r3 += 1\nif r3 < 9 goto a\nexit');
    expect(cfg.backEdges).toEqual([]);
    expect(cfg.irreducibleEdges).toHaveLength(1);
  });

  it('keep unreachable blocks without a position', () => {
    const cfg = cfgOf('goto end\nr0 = 1\nend: exit');
    expect(Array.from(cfg.position)).toEqual([0, -1, 1]);
    expect(idoms(cfg)).toEqual([-1, -1, 0]);
  });

  it('merge the two ways of a jump to the next instruction', () => {
    expect(cfgOf('if r1 == 0 goto +0\nexit').blocks[0]?.successors).toEqual([1]);
  });

  it.each([
    ['goto +5\nexit', 'jump out of range from insn 0 to 6'],
    ['goto -2\nexit', 'jump out of range from insn 0 to -1'],
    ['goto +1\nr0 = 1 ll\nexit', 'insn 0: jump into the middle of ldimm64 insn 1'],
    ['r0 = 0', 'insn 0: last insn is not an exit or jmp'],
    ['r0 = 0 ll', 'insn 0: last insn is not an exit or jmp'],
    ['exit\nif r1 == 0 goto -1', 'insn 1: last insn is not an exit or jmp'],
  ])('refuse %j', (text, message) => {
    expect(() => cfgOf(text)).toThrow(message);
  });

  it('take a program of 200,000 slots that is all jumps', () => {
    const count = 200_000;
    const insns: Insn[] = Array.from({ length: count - 1 }, (_, slot) => {
      const off = slot % 2 === 0 ? -Math.min(slot + 1, 32768) : Math.min(count - 2 - slot, 32767);
      return { kind: 'jump', op: 'jeq', width: 64, dst: 0, imm: 0, off };
    });
    const cfg = buildCfg({ insns: [...insns, { kind: 'exit' }] }, { start: 0, length: count });
    expect(cfg.order).toHaveLength(count);
  });
});

describe('dominators', () => {
  const graph = fc
    .integer({ min: 1, max: 14 })
    .chain((count) =>
      fc.array(fc.array(fc.nat(count - 1), { maxLength: 3 }), { minLength: count, maxLength: count }),
    );

  /** Nodes reachable from node 0 without passing `without`. */
  const reachable = (successors: readonly (readonly number[])[], without: number): Set<number> => {
    const seen = new Set<number>(without === 0 ? [] : [0]);
    for (const node of seen) {
      for (const next of successors[node] ?? []) if (next !== without) seen.add(next);
    }
    return seen;
  };

  it('are those of the definition', () => {
    fc.assert(
      fc.property(graph, (successors) => {
        const predecessors = successors.map((_, to) =>
          successors.flatMap((list, from) => (list.includes(to) ? [from] : [])),
        );
        const walk = depthFirst(successors);
        const tree = dominatorTree(immediateDominators({ successors, predecessors }, walk));
        const all = reachable(successors, -1);
        for (const a of successors.keys()) {
          const around = reachable(successors, a);
          for (const b of successors.keys()) {
            const expected = all.has(a) && all.has(b) && (a === b || !around.has(b));
            expect(dominates(tree, a, b)).toBe(expected);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('subprograms', () => {
  it('begin where calls and function addresses point', () => {
    const { insns } = decodeProgram(assemble('call f\nr1 = g ll\nexit\nf: exit\ng: exit').code);
    expect(findSubprograms(insns)).toEqual([
      { start: 0, length: 4 },
      { start: 4, length: 1 },
      { start: 5, length: 1 },
    ]);
  });

  it.each([
    'call +7\nexit',
    'call local -2\nexit',
    'call +1\nexit\nr0 = 1 ll\nexit\ncall -2',
  ])('%j', (text) => {
    const { insns } = decodeProgram(assemble(text.replace('call +1', 'call +2')).code);
    expect(() => findSubprograms(insns)).toThrow('invalid destination');
  });
});

import { expect, test } from 'vitest';
import { buildCfg } from '../../src/isa/cfg.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { findLoops } from '../../src/jit/loops.ts';
import { placeBlocks } from '../../src/jit/placement.ts';
import { NestingMeter, type Sink } from '../../src/jit/sink.ts';
import { writeStructured } from '../../src/jit/structured.ts';
import { alu, exit, ja, jump, mov } from '../interp/insns.ts';

/** Writes the structure as text, blocks by their first slots. */
class Writer implements Sink {
  readonly lines: string[] = [];
  #depth = 0;
  readonly #start: (block: number) => number;

  constructor(start: (block: number) => number) {
    this.#start = start;
  }

  #line(text: string): void {
    this.lines.push('  '.repeat(this.#depth) + text);
  }

  #open(text: string): void {
    this.#line(text);
    this.#depth++;
  }

  block(target: number): void {
    this.#open(`block ${this.#start(target)}`);
  }

  loop(header: number): void {
    this.#open(`loop ${this.#start(header)}`);
  }

  when(_: number, taken: boolean): void {
    this.#open(taken ? 'if' : 'unless');
  }

  end(): void {
    this.#depth--;
  }

  code(block: number): void {
    this.#line(`code ${this.#start(block)}`);
  }

  next(): void {}

  goto(_: number, to: number): void {
    this.#line(`br ${this.#start(to)}`);
  }

  branch(_: number, taken: boolean, to: number): void {
    this.#line(`br ${this.#start(to)} ${taken ? 'if' : 'unless'}`);
  }
}

const write = (insns: readonly Insn[]): string[] => {
  const cfg = buildCfg({ insns }, { start: 0, length: insns.length });
  const loops = findLoops(cfg);
  const placement = placeBlocks(cfg, loops);
  const writer = new Writer((block) => cfg.blocks[block]?.start ?? -1);
  writeStructured(cfg, loops, placement, writer);
  return writer.lines;
};

test('if and else', () => {
  const insns = [jump('jeq', 1, 0, 2), mov(0, 1), ja(1), mov(0, 2), exit];
  expect(write(insns)).toEqual([
    'block 4',
    '  code 0',
    '  if',
    '    code 3',
    '    br 4',
    '  code 1',
    '  br 4',
    'code 4',
  ]);
});

test('a loop, and what it leads out to, stand one behind the other', () => {
  const insns = [mov(0, 0), alu('add', 0, 1), jump('jlt', 0, 5, -2), jump('jlt', 0, 9, -1), exit];
  expect(write(insns)).toEqual([
    'code 0',
    'block 3',
    '  loop 1',
    '    code 1',
    '    br 1 if',
    '    br 3',
    'block 4',
    '  loop 3',
    '    code 3',
    '    br 3 if',
    '    br 4',
    'code 4',
  ]);
});

test('ladders do not nest', () => {
  const rungs = Array.from({ length: 1_000 }, (_, index) => [jump('jne', 2, index, 1), exit]).flat();
  const insns = [mov(0, 0), ...rungs, exit];
  const cfg = buildCfg({ insns }, { start: 0, length: insns.length });
  const loops = findLoops(cfg);
  const meter = new NestingMeter();
  writeStructured(cfg, loops, placeBlocks(cfg, loops), meter);
  expect(meter.deepest).toBe(1);
});

test('loops know the loops around them', () => {
  const insns = [mov(0, 0), mov(1, 0), alu('add', 1, 1), jump('jlt', 1, 5, -2), jump('jlt', 0, 5, -4), exit];
  const cfg = buildCfg({ insns }, { start: 0, length: insns.length });
  const { depth, parent, innermost } = findLoops(cfg);
  const inner = cfg.blocks.findIndex(({ start }) => start === 2);
  const outer = cfg.blocks.findIndex(({ start }) => start === 1);
  expect([depth[outer], depth[inner]]).toEqual([1, 2]);
  expect([parent[inner], parent[outer]]).toEqual([outer, -1]);
  expect(innermost[cfg.blocks.findIndex(({ start }) => start === 5)]).toBe(-1);
});

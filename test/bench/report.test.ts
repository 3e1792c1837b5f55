import { describe, expect, it } from 'vitest';
import { chart, chartRows, ticksOf } from '../../bench/report/chart.ts';
import { resultsOf } from '../../bench/report/json.ts';
import { cellText, sectionMarkdown, sectionText } from '../../bench/report/text.ts';
import type { Section } from '../../bench/section.ts';
import { geomean, timingOf } from '../../bench/stats.ts';

const timing = (median: number) => ({ median, fastest: median, spreadPercent: 2.4, samples: 9 });

const section = (rows: Section['rows']): Section => ({
  part: 'programs',
  title: 'Programs, ns a run',
  columns: ['program', 'insns', 'JIT', 'native', 'kernel JIT', 'clang wasm', 'JIT/native'],
  rows,
  notes: ['a note'],
});

const measured = section([
  ['fnv1a', 10_511, timing(100), timing(90), timing(200), timing(95), 100 / 90],
  ['map_<hash>', 1_014, timing(300), undefined, timing(250), undefined, Number.NaN],
]);

describe('stats', () => {
  it('takes the median and half the distance between the quartiles', () => {
    expect(timingOf([5, 1, 3, 2, 4])).toEqual({
      median: 3,
      fastest: 1,
      spreadPercent: (1 / 3) * 100,
      samples: 5,
    });
  });

  it('has no median of nothing', () => {
    expect(timingOf([]).median).toBeNaN();
    expect(geomean([])).toBeNaN();
  });

  it('takes the geometric mean of ratios', () => {
    expect(geomean([0.5, 2])).toBeCloseTo(1);
  });
});

describe('tables', () => {
  it('show three digits, with the spread', () => {
    expect([1234.5, 12.34, 1.234, 7].map(cellText)).toEqual(['1,235', '12.3', '1.23', '7']);
    expect(cellText(timing(0.27))).toBe('0.27 ±2%');
    expect([undefined, Number.NaN, 'text'].map(cellText)).toEqual(['', '', 'text']);
  });

  it('have a title, all rows, and notes', () => {
    const text = sectionText(measured);
    for (const part of ['Programs, ns a run', 'fnv1a', 'map_<hash>', '100 ±2%', 'a note'])
      expect(text).toContain(part);
  });

  it('can be Markdown', () => {
    expect(sectionMarkdown(measured)).toContain(
      '| fnv1a | 10,511 | 100 ±2% | 90 ±2% | 200 ±2% | 95 ±2% | 1.11 |',
    );
  });
});

describe('JSON', () => {
  it('has rows by column, without what was not measured', () => {
    const { sections, node } = resultsOf([measured]);
    expect(node).toBe(process.version);
    expect(JSON.parse(JSON.stringify(sections[0]?.rows[1]))).toEqual({
      program: 'map_<hash>',
      insns: 1014,
      JIT: timing(300),
      'kernel JIT': timing(250),
    });
  });
});

describe('chart', () => {
  it('compares with the kernel', () => {
    const data = chartRows(resultsOf([measured]));
    expect(data?.reference).toBe('kernel JIT');
    expect(
      data?.rows.map(({ name, points }) => [name, points.map(({ mark, ratio }) => [mark.column, ratio])]),
    ).toEqual([
      [
        'fnv1a',
        [
          ['clang wasm', 0.475],
          ['native', 0.45],
          ['JIT', 0.5],
        ],
      ],
      ['map_<hash>', [['JIT', 1.2]]],
    ]);
  });

  it('compares with native code where there is no kernel', () => {
    const rows = [['fnv1a', 1, timing(100), timing(50), undefined, undefined, 2]];
    expect(chartRows(resultsOf([section(rows)]))?.reference).toBe('native');
  });

  it('is not drawn where there is nothing to compare with', () => {
    expect(chart(resultsOf([section([['fnv1a', 1, timing(100)]])]))).toBeUndefined();
    expect(chart(resultsOf([]))).toBeUndefined();
  });

  it('is well-formed, with every program and a dark form', () => {
    const svg = chart(resultsOf([measured])) ?? '';
    expect(svg.match(/<svg /g)).toHaveLength(1);
    expect(svg.trimEnd().endsWith('</svg>')).toBe(true);
    expect(svg).toContain('map_&#60;hash&#62;');
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg.match(/class="jit"/g)).toHaveLength(3);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('has powers of two for ticks, 1 among them', () => {
    expect(ticksOf([0.3, 0.9])).toEqual([0.25, 0.5, 1, 2]);
    expect(ticksOf([3])).toEqual([1, 2, 4]);
  });
});

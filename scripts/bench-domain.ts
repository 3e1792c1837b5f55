/**
 * npm run bench:domain: nanoseconds of the verifier's scalar operations, called from JavaScript as a walk
 * calls them: one call copies a scalar, another changes the copy. The fastest of many short samples, for
 * the machine may be busy.
 */
import type { AluOp, JumpOp } from '../src/isa/insn.ts';
import { ALU_NUMBER, Domain, JUMP_NUMBER } from '../src/verifier/domain.ts';
import { type Scalar, UNKNOWN } from '../src/verifier/scalar.ts';

const CALLS = 2000;
const SAMPLES = 400;

const domain = await Domain.open();
const { ops } = domain;
const [a, b, c, d] = [domain.at(0), domain.at(1), domain.at(2), domain.at(3)];

const SCALARS: readonly (readonly [string, Scalar])[] = [
  ['bounded', { ...UNKNOWN, umin: 4n, umax: 1000n }],
  ['unknown', UNKNOWN],
  ['constant', { ...UNKNOWN, value: 77n, mask: 0n }],
];

function fastest(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = process.hrtime.bigint();
    for (let call = 0; call < CALLS; call++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / CALLS);
  }
  return best;
}

const print = (name: string, times: readonly number[]): void =>
  console.log(name.padEnd(28), ...times.map((ns) => ns.toFixed(0).padStart(10)));

/** A row: the same with each kind of scalar as the left operand; a byte is the right one. */
function row(name: string, run: () => void): void {
  const times = SCALARS.map(([, scalar]) => {
    domain.write(a, scalar);
    ops.sync(a);
    return fastest(run);
  });
  print(name, times);
}

domain.write(b, { ...UNKNOWN, mask: 0xffn });
ops.sync(b);
console.log('ns'.padEnd(28), ...SCALARS.map(([name]) => name.padStart(10)));
row('copy', () => ops.copy(c, a));
row('equal', () => ops.equal(c, a));
row('within', () => ops.within(a, a));
const ALU: readonly AluOp[] = ['add', 'sub', 'and', 'or', 'mul', 'lsh', 'rsh', 'arsh', 'div', 'mod'];
for (const op of ALU) {
  for (const width of [64, 32]) {
    row(`copy + ${op} ${width}`, () => {
      ops.copy(c, a);
      ops.alu(ALU_NUMBER[op], width, c, b);
    });
  }
}
row('copy + add immediate', () => {
  ops.copy(c, a);
  ops.aluImm(ALU_NUMBER.add, 64, c, 8);
});
const JUMPS: readonly JumpOp[] = ['jeq', 'jne', 'jlt', 'jsgt', 'jset'];
for (const op of JUMPS) {
  row(`2 copies + refine ${op}`, () => {
    ops.copy(c, a);
    ops.copy(d, b);
    ops.refine(JUMP_NUMBER[op], 64, 1, c, d);
  });
}
row('copy + join', () => {
  ops.copy(c, a);
  ops.join(c, b);
});

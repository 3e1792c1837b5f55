import type { Program } from '../../src/frontend/program.ts';
import { programFromBytes } from '../../src/index.ts';
import { disassemble } from '../../src/isa/disasm.ts';
import { Random } from '../nodiff/random.ts';
import { generate } from './generate.ts';
import { MAPS } from './maps.ts';

/** A program to be judged, and where it came from. */
export interface Subject {
  readonly seed: number;
  /** What it is a mutation of; '' when it was generated. */
  readonly origin: string;
  readonly program: Program;
  /** BPF_F_TEST_STATE_FREQ: states are compared far more often, which is where a verifier goes wrong. */
  readonly stateFreq: boolean;
}

/** Every third program. */
export const hasStateFreq = (seed: number): boolean => seed % 3 === 0;

export function generated(seed: number): Subject {
  const { type, code } = generate(new Random(seed));
  const program = programFromBytes(code, { name: 'main', type, maps: MAPS });
  return { seed, origin: '', program, stateFreq: hasStateFreq(seed) };
}

export const withCode = (subject: Subject, code: Uint8Array): Subject => ({
  ...subject,
  program: { ...subject.program, code, subprograms: [], lines: [] },
});

/** As assembly with the maps it refers to, so that a person can make sense of it. */
export function listing({ program, stateFreq }: Subject): string {
  const used = program.maps
    .map(
      ({ name, type, keySize, valueSize, maxEntries }, index) =>
        `map ${index}: ${name} type ${type} key ${keySize} value ${valueSize} entries ${maxEntries}`,
    )
    .filter((_, index) => disassemble(program.code).includes(`map[idx:${index}]`));
  return [
    `# ${program.type}${stateFreq ? ', BPF_F_TEST_STATE_FREQ' : ''}`,
    ...used.map((line) => `# ${line}`),
    disassemble(program.code),
  ].join('\n');
}

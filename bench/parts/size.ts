/** How loading grows with the length of programs. */
import { readObject } from '../../src/index.ts';
import { GENERATED_PACKET, generate } from '../generate.ts';
import type { Setting } from '../part.ts';
import type { Cell, Section } from '../section.ts';
import { stagesOf, warmUp } from './stages.ts';

const SIZES = [20, 100, 300, 1_000, 3_000, 10_000, 20_000];
const PER = 1000;

async function row(size: number, rounds: number): Promise<Cell[]> {
  const program = generate(size);
  const stages = await stagesOf(
    await readObject(program),
    program.name,
    new Uint8Array(GENERATED_PACKET),
    rounds,
  );
  const { insns, verify, translate, translateUnoptimised, compile, firstRun } = stages;
  const per = ({ median }: { readonly median: number }): number => (median * PER) / insns;
  return [
    String(insns),
    verify,
    translate,
    per(translate),
    translateUnoptimised,
    per(translateUnoptimised),
    compile,
    firstRun,
  ];
}

export async function size(setting: Setting): Promise<Section> {
  const rows: Cell[][] = [];
  const common = generate(1000);
  await warmUp(await readObject(common), common.name, new Uint8Array(GENERATED_PACKET));
  for (const insns of SIZES) {
    setting.progress(rows.length, SIZES.length, `${insns} instructions`);
    rows.push(await row(insns, setting.rounds));
  }
  return {
    part: 'size',
    title: 'Loading by length of the program, ms',
    columns: [
      'insns',
      'verify',
      'translate',
      'per 1,000',
      'unoptimised',
      'per 1,000 ',
      'V8 compile',
      'first run',
    ],
    rows,
    notes: ['Generated programs: ALU operations, packet loads, stack slots, branches.'],
  };
}

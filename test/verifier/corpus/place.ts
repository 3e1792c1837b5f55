/** Where a program of the corpus is loaded: `TYPE[/ATTACH_TYPE] [target=KIND:NAME] [license=…] [sleepable] …`. */
import type { BtfKind } from '../../../src/frontend/btf/types.ts';
import type { ProgramType } from '../../../src/frontend/program.ts';
import type { VerifyOptions } from '../../../src/verifier/verification.ts';
import type { Place } from '../helpers/places.ts';

/** BPF_F_* of BPF_PROG_LOAD. */
export const LOAD_FLAGS = { strict: 1 << 0, freq: 1 << 3, frags: 1 << 5 } as const;

export interface CorpusPlace extends Place {
  /** Written with `_` for blanks. */
  readonly license: string;
  /** BPF_F_STRICT_ALIGNMENT. */
  readonly strict: boolean;
  /** BPF_F_TEST_STATE_FREQ. */
  readonly freq: boolean;
  readonly frags: boolean;
  /** Asked of a process that has CAP_BPF but not CAP_PERFMON. */
  readonly weak: boolean;
}

const SETTINGS = /^(license|target)=(.+)$/;
const SWITCHES = ['sleepable', 'strict', 'freq', 'frags', 'weak'];

export function parsePlace(line: string, where: string): CorpusPlace {
  const [name = '', ...words] = line.trim().split(/\s+/);
  const [type = '', attachType = ''] = name.split('/');
  const settings = new Map<string, string>();
  for (const word of words) {
    const setting = SETTINGS.exec(word);
    if (setting !== null) settings.set(setting[1] ?? '', setting[2] ?? '');
    else if (SWITCHES.includes(word)) settings.set(word, '');
    else throw new Error(`${where}: unknown word '${word}' behind the program's type`);
  }
  const [kind = '', target = ''] = settings.get('target')?.split(':') ?? [];
  return {
    type: type as ProgramType,
    attachType,
    sleepable: settings.has('sleepable'),
    ...(target === '' ? {} : { target: [kind as BtfKind, target] as const }),
    license: (settings.get('license') ?? 'GPL').replaceAll('_', ' '),
    strict: settings.has('strict'),
    freq: settings.has('freq'),
    frags: settings.has('frags'),
    weak: settings.has('weak'),
  };
}

export const optionsOf = ({ strict, freq, weak }: CorpusPlace): VerifyOptions => ({
  strictAlignment: strict,
  stateFreq: freq,
  unprivileged: weak,
});

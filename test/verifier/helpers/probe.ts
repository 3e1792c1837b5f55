import { assemble } from '../../../src/isa/asm.ts';
import { functionInfo } from '../../kernel/btf.ts';
import type { Candidate, KernelJudge, Verdict } from '../../kernel/kernel.ts';
import { numbersOf, PLACES, type Place } from './places.ts';
import type { Specimen } from './specimens.ts';

const AREA_BYTES = 64;
const FIRST_SPILL = -128;

const slot = (argument: number): string => `*(u64 *)(r10 ${FIRST_SPILL - 8 * argument})`;

/** Assembly around the call; `before` may keep things in r7 to r9. */
export interface Surroundings {
  readonly before?: string;
  readonly after?: string;
}

/** Every specimen is made and spilled, then all are filled into r1 to r5 and the helper is called. */
export function program(helper: number, specimens: readonly Specimen[], around: Surroundings = {}): string {
  const zeroed = Array.from(
    { length: AREA_BYTES / 8 },
    (_, index) => `*(u64 *)(r10 - ${8 * (index + 1)}) = r0`,
  );
  const made = specimens.map(({ register, code }, index) =>
    register === '' ? '' : `${code()}\n${slot(index)} = r0`,
  );
  const filled = specimens.map(({ register }, index) =>
    register === '' ? '' : `r${index + 1} = ${slot(index)}`,
  );
  return [
    'r6 = r1\nr0 = 0',
    ...zeroed,
    around.before ?? '',
    ...made,
    'call 7', // leaves r1 to r5 uninitialised
    ...filled,
    `call ${helper}`,
    around.after ?? '',
    'bail:\nr0 = 0\nexit',
    specimens.some(isCallback) ? 'callback:\nr0 = 0\nexit' : '',
  ].join('\n');
}

const isCallback = ({ register }: Specimen): boolean => register === 'func';

/** The kernel's verdict on the call, with the functions' BTF where a callback is among the arguments. */
export function ask(
  judge: KernelJudge,
  place: Place,
  helper: number,
  specimens: readonly Specimen[],
  around: Surroundings & Pick<Candidate, 'logLevel' | 'license'> = {},
): Promise<Verdict> {
  const { code } = assemble(program(helper, specimens, around));
  const functions = specimens.some(isCallback) ? functionInfo(code) : undefined;
  const { logLevel = 1, license = 'GPL' } = around;
  return judge.verify({ ...numbersOf(place), code, functions, logLevel, license });
}

const STATE =
  /^(\d+: [(R]|from \d|processed |func#|Live regs|\s+\d+: |;|last_idx|caller:|callee:|frame\d|mark_precise|func '|$)/;
/** What the end of the program complains of, once the call itself is accepted. */
const AFTERWARDS = /Unreleased reference|reference leak|-ed region|leads to invalid memory access|has smin=/;

/** What the kernel complains of, save what ends every such program; '' when it accepts the call. */
export function complaintOf({ errno, log }: Verdict): string {
  if (errno === 0) return '';
  const lines = log.split('\n').filter((line) => !STATE.test(line));
  if (lines.some((line) => AFTERWARDS.test(line))) return '';
  // Refused after the walk: a prog_array that belongs to programs of another type, say.
  return lines.length === 0 && log.includes('processed ') ? '' : lines.join(' | ') || `errno ${errno}`;
}

/** Places where a program that does nothing gets as far as the verifier. */
export async function loadable(judge: KernelJudge): Promise<readonly Place[]> {
  const { code } = assemble('r0 = 0\nexit');
  const verdicts = await Promise.all(PLACES.map((place) => judge.verify({ ...numbersOf(place), code })));
  return PLACES.filter((_, index) => {
    const verdict = verdicts[index];
    return verdict?.errno === 0 || verdict?.log.includes('processed ') === true;
  });
}

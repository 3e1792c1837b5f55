/** What a verifier's log says, the kernel's or ours: messages, where the walk ended, and states on the way. */

/** Lines that tell of the walk and not of its end. */
const NARRATION = [
  /^\d+: ?([(R]|frame|fp|refs|safe|BUG|$)/,
  /^from \d+ to \d+/,
  /^(processed|verification time|stack depth|total|mark_precise|Live regs|last_idx|caller:|callee:|returning from|to caller|propagating|parent|regs=|frame ?\d+:)/,
  /^(func#\d+ @|func '\w+' arg\d+ has btf_id|Validating |Func#\d+ .* is (global|safe)|;|\s*$|\s+\d+: )/,
  /^(R\d+[=_]| frame| R\d+[=_]|fp-|(cur|old) state: )/,
];

const isNarration = (line: string): boolean => NARRATION.some((pattern) => pattern.test(line));

export const messagesOf = (log: string): readonly string[] =>
  log
    .split('\n')
    .filter((line) => !isNarration(line))
    .map((line) => line.replace(/(processed \d+ insns|verification time).*/, '').trim());

const WALKED = /^(\d+): \([0-9a-f]{2}\)/;
const NAMED = /\binsn (\d+)/;
const LOOP = /^infinite loop detected at insn (\d+)/;

const find = (messages: readonly string[], pattern: RegExp): string | undefined =>
  messages.map((message) => pattern.exec(message)?.[1]).find((slot) => slot !== undefined);

/** Slot of the instruction that the log of the walk ends with; of those refused before it, the slot a message names. */
export function slotOf(log: string, messages: readonly string[]): number | undefined {
  // The limit is noticed before the instruction is printed.
  if (messages.some((message) => message.startsWith('BPF program is too large'))) return undefined;
  const walked = log.split('\n').flatMap((line) => WALKED.exec(line)?.[1] ?? []);
  const slot = find(messages, LOOP) ?? walked.at(-1) ?? find(messages, NAMED);
  return slot === undefined ? undefined : Number(slot);
}

/** The registers and stack slots after an instruction, or where the jump at `slot` goes to `target`. */
export interface LogState {
  readonly slot: number;
  readonly target: number | undefined;
  readonly values: ReadonlyMap<string, string>;
}

const BEHIND = /^\d+: (?:\([0-9a-f]{2}\).*?; )?((?:frame\d+: )?(?:R\d+|fp-?\d+|refs)[=_].*)$/;
const BRANCH = /^from (\d+) to (\d+)(?: \(speculative execution\))?: (.*)$/;
const PLACE = /\s+(?=(?:R\d+|fp-?\d+|refs|cb|async_cb)(?:_\w+)?=?)/;

/** `R2=pkt(r=14) fp-8=mmmmmmmm`; `R2_w=` is read as `R2=`. */
export function valuesOf(text: string): ReadonlyMap<string, string> {
  const parts = text
    .replace(/^frame\d+: /, '')
    .trim()
    .split(PLACE);
  return new Map(
    parts.flatMap((part) => {
      const match = /^(\w[\w-]*?)(?:_\w+)?=(.*)$/.exec(part);
      return match === null ? [] : [[match[1] ?? '', match[2] ?? ''] as const];
    }),
  );
}

/**
 * The states of a log of level 2, in its order. A state stands behind its instruction, or, when the log has other
 * things to say in between, on a line of its own with the slot of the next one.
 */
export function statesOf(lines: readonly string[]): readonly LogState[] {
  const states: LogState[] = [];
  for (const line of lines) {
    const branch = BRANCH.exec(line);
    const slot = WALKED.exec(line)?.[1];
    const values = valuesOf(BEHIND.exec(line)?.[1] ?? '');
    const last = states.at(-1);
    if (branch !== null) {
      const [, from = '', to = '', text = ''] = branch;
      states.push({ slot: Number(from), target: Number(to), values: valuesOf(text) });
    } else if (slot !== undefined) {
      states.push({ slot: Number(slot), target: undefined, values });
    } else if (values.size > 0 && last?.target === undefined && last?.values.size === 0) {
      states.splice(-1, 1, { ...last, values });
    }
  }
  return states;
}

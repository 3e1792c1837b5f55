/** What a verifier said of a case, as `-- verdict` has it: `accept`, or `reject [at SLOT]: MESSAGE` and more lines. */
export interface Outcome {
  readonly verdict: 'accept' | 'reject';
  /** Slot of the instruction the walk ended at; undefined when there was no walk. */
  readonly slot: number | undefined;
  /** The lines that say why. */
  readonly messages: readonly string[];
}

const LINE = /^(accept|reject)(?: at (\d+))?(?:: (.*))?$/;

export function parseVerdict(lines: readonly string[], where: string): Outcome | undefined {
  const [first, ...more] = lines;
  if (first === undefined) return undefined;
  const match = LINE.exec(first.trim());
  if (match === null) throw new Error(`${where}: '-- verdict' is 'accept' or 'reject [at SLOT]: MESSAGE'`);
  const [, verdict, slot, message] = match;
  return {
    verdict: verdict as Outcome['verdict'],
    slot: slot === undefined ? undefined : Number(slot),
    messages: [...(message === undefined ? [] : [message]), ...more.map((line) => line.trim())],
  };
}

export function verdictLines({ verdict, slot, messages }: Outcome): readonly string[] {
  const [first, ...more] = messages;
  const at = slot === undefined ? '' : ` at ${slot}`;
  return [`${verdict}${at}${first === undefined ? '' : `: ${first}`}`, ...more.map((line) => `  ${line}`)];
}

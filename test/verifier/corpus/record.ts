/**
 * Asks the kernel of this machine (as root) about each case and writes what it says into the files:
 * npm run corpus:record -- [FILE …]
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ask, type Judges } from './ask.ts';
import { rewrite } from './assertions.ts';
import { type Case, type CorpusFile, corpusPaths, readFile } from './case.ts';
import { type Entry, renderDocument, withSection } from './document.ts';
import { openJudges } from './judges.ts';
import { asksForStates, slotsOfLines } from './lines.ts';
import { statesOf } from './log.ts';
import { verdictLines } from './outcome.ts';

/** The entry as the kernel would have it. */
async function recorded(judges: Judges, test: Case, entry: Entry): Promise<Entry> {
  const states = asksForStates(test);
  const { outcome, log } = await ask(judges, test, states);
  const judged = withSection(entry, 'verdict', verdictLines(outcome));
  if (!states) return judged;
  const slots = slotsOfLines(test);
  const known = statesOf(log.split('\n'));
  const asm = test.asm.map((line, index) => rewrite(line, slots[index] ?? -1, known));
  return withSection(judged, 'asm', asm.slice(0, asm.findLastIndex((line) => line !== '') + 1));
}

const verdictOf = ({ sections }: Entry): string =>
  sections
    .find(({ title }) => title === 'verdict')
    ?.body.join('\n')
    .trim() ?? '';

function report(before: Entry, after: Entry): void {
  const [was, is] = [verdictOf(before), verdictOf(after)];
  if (was !== is) console.log(`  ${after.name}\n    ${was || '(new)'} -> ${is}`);
}

async function recordFile(judges: Judges, { name, path, document, cases }: CorpusFile): Promise<void> {
  console.log(`${name}: ${cases.length} cases`);
  const entries: Entry[] = [];
  for (const [index, test] of cases.entries()) {
    const before = document.entries[index];
    if (before === undefined) continue;
    try {
      entries.push(await recorded(judges, test, before));
    } catch (error) {
      console.log(
        `  ${test.name}\n    NOT RECORDED: ${error instanceof Error ? error.message : String(error)}`,
      );
      entries.push(before);
    }
    report(before, entries.at(-1) ?? before);
  }
  writeFileSync(path, renderDocument({ ...document, entries }));
}

const names = process.argv.slice(2);
const paths = names.length > 0 ? names.map((name) => resolve(name)) : corpusPaths();
const judges = await openJudges();
if (typeof judges === 'string') throw new Error(judges);
for (const path of paths) await recordFile(judges, readFile(path));
judges.strong.close();
judges.weak.close();

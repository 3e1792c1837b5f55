/** What the runtime's sources say of the functions that programs call: the comment before each. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FUNCTION = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export function (bpf_\w+)\(/g;
const LINE_START = /\n \* ?/g;

/** Comments of the exported bpf_* functions of all sources in a directory, by name; '' where there is none. */
export function commentsIn(directory: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(join(directory, file), 'utf8');
    for (const [, comment = '', name = ''] of text.matchAll(FUNCTION))
      found.set(name, comment.replaceAll(LINE_START, ' ').replaceAll(/\s+/g, ' ').trim());
  }
  return found;
}

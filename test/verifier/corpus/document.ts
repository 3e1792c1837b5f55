/**
 * The layout of a corpus file, kept line by line so that the recorder can rewrite what it recorded and nothing else.
 *
 *   # prose: what the rule says
 *   -- rule 10 …                    sections here are for every case of the file
 *
 *   == the name of a case
 *   -- asm                          and those here for this case alone
 *
 * The sections, each with its lines below it:
 *
 *   -- rule           numbers of the rules the cases are about
 *   -- program        TYPE[/ATTACH_TYPE] [target=KIND:NAME] [license=GPL] [sleepable] [strict] [freq] [frags] [weak]
 *                     (place.ts); socket_filter when absent
 *   -- maps           NAME TYPE KEY VALUE ENTRIES [FLAGS] and settings (maps.ts)
 *   -- functions      types of functions (functions.ts), or `none` for a program without BTF
 *   -- define NAME    lines that `%NAME` stands for in assembly (expand.ts)
 *   -- asm            assembly, with states in comments (assertions.ts)
 *   -- raw            or the instructions' bytes in hex
 *   -- verdict        what the kernel says (outcome.ts); the recorder writes it
 *   -- ours           `accept|reject|unsupported: REASON` where our verifier differs on purpose
 *   -- ours message   our wording where it is not the kernel's
 *   -- note           anything
 */
export interface Section {
  readonly title: string;
  readonly body: readonly string[];
}

export interface Entry {
  readonly name: string;
  /** 1-based. */
  readonly line: number;
  readonly sections: readonly Section[];
}

export interface Document {
  readonly prose: readonly string[];
  readonly sections: readonly Section[];
  readonly entries: readonly Entry[];
}

const TITLES = /^(rule|program|maps|functions|asm|raw|verdict|ours|ours message|note|define [\w-]+)$/;

interface Draft {
  readonly name: string;
  readonly line: number;
  readonly prose: string[];
  readonly sections: { title: string; body: string[] }[];
}

const draft = (name: string, line: number): Draft => ({ name, line, prose: [], sections: [] });

function addSection(part: Draft, title: string, where: string): void {
  if (!TITLES.test(title)) throw new Error(`${where}: unknown section '-- ${title}'`);
  if (part.sections.some((section) => section.title === title))
    throw new Error(`${where}: a second section '-- ${title}'`);
  part.sections.push({ title, body: [] });
}

/** @throws Error that names the file and the line */
export function parseDocument(file: string, text: string): Document {
  const head = draft('', 1);
  const entries: Draft[] = [];
  for (const [index, line] of text.replace(/\n$/, '').split('\n').entries()) {
    const part = entries.at(-1) ?? head;
    if (line.startsWith('== ')) entries.push(draft(line.slice(3).trim(), index + 1));
    else if (line.startsWith('-- ')) addSection(part, line.slice(3).trim(), `${file}:${index + 1}`);
    else (part.sections.at(-1)?.body ?? part.prose).push(line);
  }
  for (const { name, line, prose } of entries)
    if (prose.some((text) => text !== ''))
      throw new Error(`${file}:${line}: '${name}' has text outside of sections`);
  return { prose: head.prose, sections: head.sections, entries };
}

const linesOf = ({ title, body }: Section): readonly string[] => [`-- ${title}`, ...body];

const entryLines = ({ name, sections }: Entry): readonly string[] => [
  `== ${name}`,
  ...sections.flatMap((section) => linesOf(section)),
];

/** The text again: what `parseDocument` read, or what the recorder made of it. */
export function renderDocument({ prose, sections, entries }: Document): string {
  const lines = [...prose, ...sections.flatMap(linesOf), ...entries.flatMap(entryLines)];
  return `${lines.join('\n')}\n`;
}

/** With the section's lines replaced, or the section put at the end; blank lines behind it stay. */
export function withSection(entry: Entry, title: string, body: readonly string[]): Entry {
  const known = entry.sections.find((section) => section.title === title);
  if (known !== undefined) {
    const padded = [...body, ...trailingBlanks(known.body)];
    return { ...entry, sections: entry.sections.map((s) => (s === known ? { title, body: padded } : s)) };
  }
  const last = entry.sections.at(-1);
  if (last === undefined) return { ...entry, sections: [{ title, body }] };
  const blanks = trailingBlanks(last.body);
  const trimmed = { title: last.title, body: last.body.slice(0, last.body.length - blanks.length) };
  return {
    ...entry,
    sections: [...entry.sections.slice(0, -1), trimmed, { title, body: [...body, ...blanks] }],
  };
}

function trailingBlanks(body: readonly string[]): readonly string[] {
  const end = body.findLastIndex((line) => line.trim() !== '') + 1;
  return body.slice(end);
}

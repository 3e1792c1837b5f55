/**
 * What the corpus adds to the assembler's language:
 *
 *   %NAME                  the lines of `-- define NAME`
 *   %repeat N … %end       the lines N times, with %i for the number of the turn
 *   type(NAME)             id of a type of the house's BTF
 */
type Definitions = ReadonlyMap<string, readonly string[]>;

const MAX_DEPTH = 4;

/** Index of the `%end` of the `%repeat` at `start`. */
function endOf(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let index = start; index < lines.length; index++) {
    const line = lines[index]?.trim() ?? '';
    if (line.startsWith('%repeat ')) depth++;
    else if (line === '%end' && --depth === 0) return index;
  }
  throw new Error('%repeat without %end');
}

function repeated(lines: readonly string[], count: number): readonly string[] {
  return Array.from({ length: count }, (_, turn) =>
    lines.map((line) => line.replaceAll('%i', String(turn))),
  ).flat();
}

function expandLines(lines: readonly string[], definitions: Definitions, depth: number): readonly string[] {
  if (depth > MAX_DEPTH) throw new Error('definitions that use each other');
  const out: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const word = line.trim().split(/\s+/)[0] ?? '';
    const known = word.startsWith('%') ? definitions.get(word.slice(1)) : undefined;
    if (word === '%repeat') {
      const end = endOf(lines, index);
      const body = expandLines(lines.slice(index + 1, end), definitions, depth);
      for (const one of repeated(body, Number(line.trim().split(/\s+/)[1]))) out.push(one);
      index = end;
    } else if (known !== undefined) {
      out.push(...expandLines(known, definitions, depth + 1));
    } else if (word.startsWith('%') && !/^%[rw]\d/.test(word)) {
      throw new Error(`there is no definition of ${word}`);
    } else {
      out.push(line);
    }
  }
  return out;
}

/** Plain assembly. */
export function expand(
  lines: readonly string[],
  definitions: Definitions,
  typeIds: ReadonlyMap<string, number>,
): string {
  return expandLines(lines, definitions, 0)
    .join('\n')
    .replace(/\btype\(([\w*]+)\)/g, (_, name: string) => {
      const id = typeIds.get(name);
      if (id === undefined) throw new Error(`there is no type '${name}' in the house's BTF`);
      return String(id);
    });
}

import Table from 'cli-table3';

/** No frame: tables that are read, cut and grepped. */
const bare = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

const MAX_CELL = 44;

const cut = (text: string): string => (text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text);

/** Numbers, with or without a unit, stand at the right. */
const isNumeric = (text: string): boolean => /^(-?[\d,.]+|-)( ?(ns|ms|%|x|M\/s|k\/s))?$/.test(text);

/** A table of text without a frame, indented by two spaces; every line ends with a line end. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const aligns = head.map((_, i) => {
    const numeric = rows.length > 0 && rows.every((row) => isNumeric(row[i] ?? ''));
    return numeric ? ('right' as const) : ('left' as const);
  });
  const made = new Table({
    head: head.map(cut),
    chars: bare,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: aligns,
  });
  for (const row of rows) made.push(row.map(cut));
  const lines = made.toString().split('\n');
  return lines.map((line) => `  ${line.trimEnd()}\n`).join('');
}

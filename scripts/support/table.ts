/** docs/support.md: map types, program types, helpers, kernel functions and commands, each with its status. */
import { fileURLToPath } from 'node:url';
import { Engine } from '../../src/index.ts';
import { HELPER_NAMES } from '../../src/isa/helpers.ts';
import { KFUNC_NAMES } from '../../src/isa/kfuncs.ts';
import { kfuncOf } from '../../src/verifier/kfuncs/index.ts';
import { commandSupport } from './commands.ts';
import { commentsIn } from './comments.ts';
import { mapTypes } from './maps.ts';
import { programTypeSupport } from './programs.ts';

const RUNS = 'runs';
const REFUSED = 'refused at load, by name';

type Row = readonly string[];

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const line = (row: Row): string => `| ${row.map(cell).join(' | ')} |`;

const section = (title: string, summary: string, head: Row, rows: readonly Row[]): string =>
  [`## ${title}`, '', summary, '', line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n');

const commentsOf = (family: string): ReadonlyMap<string, string> =>
  commentsIn(fileURLToPath(new URL(`../../assembly/${family}`, import.meta.url)));

function maps(engine: Engine): string {
  const types = mapTypes(engine);
  const made = types.filter((type) => type.isMade).length;
  const rows = types.map(({ name, number, isMade }) => [`${number}`, `\`${name}\``, isMade ? RUNS : REFUSED]);
  return section('Map types', `${made} of ${types.length}.`, ['', 'type', 'status'], rows);
}

function helpers(engine: Engine): string {
  const comments = commentsOf('helpers');
  const rows = HELPER_NAMES.slice(1).map((name, index) => {
    const runs = engine.helpers.has(index + 1);
    return [`${index + 1}`, `\`${name}\``, runs ? RUNS : REFUSED, comments.get(name) ?? ''];
  });
  const count = rows.filter(([, , status]) => status === RUNS).length;
  const summary = `${count} of ${rows.length}. A host supplies others with the option \`helpers\`, by these names; all are verified.`;
  return section('Helpers', summary, ['id', 'name', 'status', 'here'], rows);
}

function kfuncs(engine: Engine): string {
  const comments = commentsOf('kfuncs');
  const rows = [...KFUNC_NAMES].sort().map((name) => {
    const unsupported = kfuncOf(name)?.unsupported;
    if (unsupported !== undefined) return [`\`${name}\``, REFUSED, unsupported];
    return engine.kfuncs.has(name)
      ? [`\`${name}\``, RUNS, comments.get(name) ?? '']
      : [`\`${name}\``, `verified; ${REFUSED}`, ''];
  });
  const count = rows.filter(([, status]) => status === RUNS).length;
  const summary = `${count} of the ${rows.length} that Linux 6.18 lets programs of the types above call.`;
  return section('Kernel functions (kfuncs)', summary, ['name', 'status', 'here'], rows);
}

async function programs(): Promise<string> {
  const types = await programTypeSupport();
  const rows = types.map(({ type, attachTypes, contexts, kind, isVerified }) => [
    `\`${type}\``,
    attachTypes.map((name) => `\`${name}\``).join(' '),
    contexts.map((name) => `\`${name}\``).join(' '),
    isVerified ? `verified, ${RUNS} (context: ${kind})` : REFUSED,
  ]);
  const count = types.filter((type) => type.isVerified).length;
  return section(
    'Program types',
    `${count} of ${types.length}.`,
    ['type', 'attach types', 'context', 'status'],
    rows,
  );
}

function commands(): string {
  const all = commandSupport();
  const rows = all.map(({ number, name, method }) => [
    `${number}`,
    `\`${name}\``,
    method === undefined ? 'not there' : RUNS,
    method === undefined ? '' : `\`Bpf.${method}\``,
  ]);
  const count = all.filter(({ method }) => method !== undefined).length;
  const summary = `${count} of ${all.length}. Programs are attached to hooks of the host with links, which \`Bpf.fire\` runs.`;
  return section('Commands of bpf(2)', summary, ['', 'command', 'status', 'method'], rows);
}

const HEAD = `# What webpf supports

Made by \`npm run support\` from the code, and held against it by a test.
`;

export async function supportTable(): Promise<string> {
  using engine = await Engine.create({ engine: 'interp' });
  return [HEAD, maps(engine), await programs(), helpers(engine), kfuncs(engine), commands()].join('\n');
}

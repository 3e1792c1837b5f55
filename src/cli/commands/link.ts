import { writeFileSync } from 'node:fs';
import { linkObjects, readObject } from '../../index.ts';
import type { Register } from '../command.ts';
import { readBytes, writing } from '../input.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import { jsonOption } from '../options.ts';
import { grouped, plural } from '../text.ts';

interface Flags {
  readonly output: string;
  readonly json?: boolean;
}

async function linkFiles(io: Io, files: readonly string[], { output, json }: Flags): Promise<number> {
  const inputs = await Promise.all(files.map(async (name) => ({ name, bytes: await readBytes(name) })));
  const bytes = linkObjects(inputs);
  const { programs, maps } = await readObject(bytes, output);
  await writing(output, () => writeFileSync(output, bytes));
  if (json) {
    const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);
    printJson(io.stdout, {
      output,
      bytes: bytes.length,
      inputs: files,
      programs: names(programs),
      maps: names(maps),
    });
  } else {
    const contents = `${plural(programs.length, 'program')}, ${plural(maps.length, 'map')}`;
    io.stdout.write(`${output}: ${contents}, ${grouped(bytes.length)} bytes\n`);
  }
  return 0;
}

export const link: Register = (cli, io, action) => {
  cli
    .command('link')
    .description('link object files into one: what one declares and another defines is bound')
    .argument('<files...>', 'object files')
    .requiredOption('-o, --output <file>', 'where the linked object goes')
    .addOption(jsonOption())
    .action(action((files: readonly string[], flags: Flags) => linkFiles(io, files, flags)));
};

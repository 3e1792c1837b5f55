/**
 * npm run bench -- [PART | PROGRAM …] [--rounds N] [--json FILE] [--svg FILE] [--markdown]
 * npm run bench -- --object FILE [--program NAME] [--data HEX|@FILE]
 *
 * Everything webpf is measured by, in one run and side by side: medians, ± half the distance between the quartiles.
 * Without parts all of them:
 *
 *   compute packet calls maps   the programs of bench/programs (or those named): the interpreter, the JIT with and
 *                               without optimisations, clang's native and WebAssembly code, the kernel's JIT
 *   load                        from an object to its first result, stage by stage; from the start of a process
 *   size                        loading by length of the program, 20 to 20,000 instructions
 *   call                        run and runBatch from JavaScript, by size of the packet
 *   batch                       an event of a batch and a call beyond the program, by kind of context
 *   workers                     one, two and four workers over one shared memory
 *   entries                     a hash of 10 to 10 million entries
 *   capture                     the examples over recorded traffic
 *   optimizations               the programs without each optimisation of the JIT
 *
 * --object  measures a program of any object instead
 * --rounds  contestants take turns so many times (default 5)
 * --json    writes all results; --svg draws the programs' as a chart
 *
 * Where clang or bpf(2) is missing, what needs them is left out, and said so.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Workshop } from './engines/workshop.ts';
import { type Options, type OtherPart, readOptions } from './options.ts';
import type { Setting } from './part.ts';
import { batch } from './parts/batch.ts';
import { call } from './parts/calls.ts';
import { capture } from './parts/capture.ts';
import { entries } from './parts/entries.ts';
import { load } from './parts/load.ts';
import { object } from './parts/object.ts';
import { optimizations } from './parts/optimizations.ts';
import { programs } from './parts/programs.ts';
import { size } from './parts/size.ts';
import { workers } from './parts/workers.ts';
import { Progress } from './progress.ts';
import { chart } from './report/chart.ts';
import { resultsOf } from './report/json.ts';
import { sectionMarkdown, sectionText } from './report/text.ts';
import type { Section } from './section.ts';

async function* one(section: Promise<Section>): AsyncGenerator<Section> {
  yield await section;
}

const parts: Readonly<Record<OtherPart, (setting: Setting) => AsyncGenerator<Section>>> = {
  load,
  size: (setting) => one(size(setting)),
  call: (setting) => one(call(setting)),
  batch,
  workers: (setting) => one(workers(setting)),
  entries: (setting) => one(entries(setting)),
  capture: (setting) => one(capture(setting)),
  optimizations: (setting) => one(optimizations(setting)),
};

async function* measured(setting: Setting, options: Options): AsyncGenerator<Section> {
  if (options.object !== undefined) yield await object(setting, options.object);
  const chosen = new Set(options.programs);
  if (chosen.size > 0) yield* programs(setting, ({ name, kind }) => chosen.has(name) || chosen.has(kind));
  for (const part of options.parts) yield* parts[part](setting);
}

function writeTo(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function write(options: Options, sections: readonly Section[]): void {
  const results = resultsOf(sections);
  if (options.json !== undefined) writeTo(options.json, `${JSON.stringify(results, null, 1)}\n`);
  if (options.svg === undefined) return;
  const drawn = chart(results);
  if (drawn === undefined)
    console.error('no chart: no program was measured beside the kernel or native code');
  else writeTo(options.svg, drawn);
}

async function main(options: Options): Promise<void> {
  const progress = new Progress();
  using workshop = new Workshop();
  const setting: Setting = {
    workshop,
    rounds: options.rounds,
    progress: (done, total, what) => progress.update(done, total, what),
  };
  const sections: Section[] = [];
  try {
    for await (const section of measured(setting, options)) {
      progress.stop();
      sections.push(section);
      console.log(options.markdown ? sectionMarkdown(section) : sectionText(section));
    }
  } finally {
    progress.stop();
  }
  write(options, sections);
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

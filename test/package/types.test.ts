import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a strict project for Node writes. */
const CALLER = `
import { type BpfMap, Engine, type HostHelper, type HostHelpers, open, openIn, type StepState, WebpfError } from 'webpf';

const helper: HostHelper = ([address], memory) => memory.read(address, 4).length;
const declared = { 1001: { name: 'size', args: [], call: ([address], memory) => memory.read(address, 4).length } } satisfies HostHelpers;
const engine = await Engine.create({ helpers: { 1000: helper, ...declared } });
const object = await openIn(engine, 'x.o', { globals: { port: 80 }, maxEntries: { hosts: 10 } });
const program = await object.program('main');
const { verdict, redirect } = program.run(new Uint8Array(64), { mark: 1 });
const hosts: BpfMap<number[], { packets: bigint }> = object.map('hosts');
for (const [key, host] of hosts) console.log(key[0], host.packets, verdict, redirect?.map);
for await (const event of object.ring<{ kind: string }>('events', 'event')) console.log(event.kind);
const state: StepState = program.debug().step();
if (state.source) throw new WebpfError('trap', state.source.text, { stage: 'runtime' });
await using_(await open(new Uint8Array()));
async function using_(object: Disposable): Promise<void> { object[Symbol.dispose](); }
`;

const compilerOptions = {
  target: 'ES2022',
  module: 'NodeNext',
  // Without the DOM's library, as projects for Node have it: the published types must not need it.
  lib: ['ES2023', 'ESNext.Disposable'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
};

it('types of the package serve a strict project that checks its libraries', () => {
  // Inside the checkout, so that `webpf` and `@types/node` resolve as they would from node_modules.
  const folder = mkdtempSync(join(root, 'dist', 'types-'));
  try {
    writeFileSync(join(folder, 'caller.ts'), CALLER);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['caller.ts'] }));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

/** The example page in a headless Chromium: a translated program must run there as it does here. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { promisify } from 'node:util';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

const browser = BROWSERS.find((name) => spawnSync(name, ['--version']).status === 0);
if (browser === undefined) {
  console.error('there is no Chromium here');
  process.exit(1);
}

const compile = ['dist/bin/webpf.js', 'compile', 'examples/flows.bpf.o', '-o', 'examples/browser/flows.wasm'];
if (spawnSync(process.execPath, compile, { stdio: 'inherit' }).status !== 0) process.exit(1);

const server = createServer(async ({ url = '/' }, response) => {
  const path = normalize(new URL(url, 'http://localhost').pathname).replace(/\/$/, '/index.html');
  try {
    const bytes = await readFile(join('.', path));
    response
      .writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' })
      .end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const profile = mkdtempSync(join(tmpdir(), 'webpf-browser-'));
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--virtual-time-budget=20000',
  `--user-data-dir=${profile}`,
];
const page = `http://127.0.0.1:${server.address().port}/examples/browser/`;
try {
  const { stdout } = await promisify(execFile)(browser, [...flags, '--dump-dom', page], { timeout: 120_000 });
  const out = /<pre id="out">([^<]*)</.exec(stdout)?.[1] ?? stdout;
  console.log(out);
  const wanted = [
    /^60 bytes: XDP_PASS$/m,
    /^120 bytes: XDP_PASS$/m,
    /2 sent, 180 bytes/,
    /^ran in tier jit$/m,
  ];
  const missing = wanted.filter((line) => !line.test(out));
  for (const line of missing) console.error(`the page does not say ${line}`);
  process.exitCode = missing.length === 0 ? 0 : 1;
} finally {
  server.close();
  rmSync(profile, { recursive: true, force: true });
}

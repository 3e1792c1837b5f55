/** The example page in a headless Chromium: a translated program must run there as it does here. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
const LIMIT_MS = 120_000;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

const browser = BROWSERS.find((name) => spawnSync(name, ['--version']).status === 0);
if (browser === undefined) {
  console.error('there is no Chromium here');
  process.exit(1);
}

const compile = ['dist/bin/webpf.js', 'compile', 'examples/flows.bpf.o', '-o', 'examples/browser/flows.wasm'];
if (spawnSync(process.execPath, compile, { stdio: 'inherit' }).status !== 0) process.exit(1);

/** Appended to the page as it is served: when its own script has ended, what it wrote comes back here. */
const REPORT = `<script type="module">
import './page.js';
await fetch('report', { method: 'POST', body: document.querySelector('#out').textContent });
</script>`;

let reported;
const report = new Promise((resolve) => {
  reported = resolve;
});

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname).replace(
    /\/$/,
    '/index.html',
  );
  if (request.method === 'POST') {
    reported(await text(request));
    response.writeHead(204).end();
    return;
  }
  try {
    const bytes = await readFile(join('.', path));
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
    response.end(extname(path) === '.html' ? bytes + REPORT : bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const profile = mkdtempSync(join(tmpdir(), 'webpf-browser-'));
const page = `http://127.0.0.1:${server.address().port}/examples/browser/`;
const chromium = spawn(browser, [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  `--user-data-dir=${profile}`,
  page,
]);
let complaints = '';
chromium.stderr.on('data', (chunk) => {
  complaints += chunk;
});
const ended = once(chromium, 'close');
try {
  const out = await Promise.race([
    report,
    ended.then(() => `${browser} ended before the page had reported\n${complaints}`),
    sleep(LIMIT_MS, undefined, { ref: false }).then(
      () => `the page has not reported within ${LIMIT_MS / 1000} s\n${complaints}`,
    ),
  ]);
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
  chromium.kill();
  await ended;
  server.closeAllConnections();
  server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}

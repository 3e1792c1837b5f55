/**
 * The command line as a few files: loading some 250 modules one by one takes longer than most of what people run.
 * What is not needed for a program that was verified and translated before stands in files of its own, and Binaryen
 * stays the package that it is. What is bundled of other packages has its license beside it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

const OUT = 'dist/bin';

/** Modules by the file that they are found in when they are imported dynamically, or shared. */
const FILES = {
  // One class of errors for all files.
  'dist/errors.js': './errors.js',
  'dist/cli/start.js': './start.js',
  'dist/runtime/checked.js': './checker.js',
  'dist/runtime/verifying.js': './verifier.js',
  'dist/runtime/helperRules.js': './verifier.js',
  'dist/verifier/verify.js': './verifier.js',
  'dist/verifier/custom.js': './verifier.js',
  'dist/jit/translate.js': './translator.js',
  'dist/jit/binaryen.js': './binaryen.js',
  'dist/runtime/tiers/client.js': './client.js',
};
const exportAll = (file) =>
  Object.keys(FILES)
    .filter((module) => FILES[module] === file)
    .map((module) => `export * from './${module}';`)
    .join('\n');

const fileByPath = new Map(Object.entries(FILES).map(([module, file]) => [resolve(module), file]));
const isShared = (file) => file === './errors.js';

/** Leaves imports of what is found in other files as they are. */
const otherFiles = (own) => ({
  name: 'other files',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\..*\.js$/ }, ({ path, importer, kind }) => {
      const file = fileByPath.get(resolve(dirname(importer), path));
      if (file === undefined || file === own) return undefined;
      return kind === 'dynamic-import' || isShared(file) ? { path: file, external: true } : undefined;
    }),
});

/** See src/runtime/cache/stamp.ts. */
function buildStamp() {
  const hash = createHash('sha256');
  for (const folder of ['isa', 'abi', 'verifier', 'jit']) {
    const names = readdirSync(join('dist', folder), { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((one) => one.endsWith('.js')).sort())
      hash.update(readFileSync(join('dist', folder, name)));
  }
  return hash.digest('hex');
}

/** commander loads it for commands that are programs of their own, which webpf has none of. */
const noChildProcesses = {
  name: 'no child processes',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:child_process$/ }, ({ path }) => ({ path, namespace: 'empty' }));
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

async function bundle(file, entry) {
  const { metafile } = await build({
    ...entry,
    outfile: `${OUT}/${file}`,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['binaryen'],
    define: { WEBPF_BUILD: stamp },
    plugins: [otherFiles(`./${file}`), noChildProcesses],
    sourcemap: 'linked',
    minifyWhitespace: true,
    metafile: true,
    logLevel: 'warning',
    // For packages in CommonJS.
    banner: {
      js: "import{createRequire as requireFrom}from'node:module';const require=requireFrom(import.meta.url);",
    },
  });
  return Object.keys(metafile.inputs);
}

const stdin = (file) => ({ stdin: { contents: exportAll(file), resolveDir: '.' } });

const stamp = JSON.stringify(buildStamp());
rmSync(OUT, { recursive: true, force: true });
const inputs = await Promise.all([
  bundle('webpf.js', { entryPoints: ['dist/cli/main.js'] }),
  bundle('worker.js', { entryPoints: ['dist/runtime/tiers/worker.js'] }),
  ...[...new Set(Object.values(FILES))].map((file) => bundle(file.slice(2), stdin(file))),
]);

const packageOf = (path) => /.*\bnode_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
const packages = [...new Set(inputs.flat().map(packageOf))].filter(Boolean).sort();
const licenseOf = (name) => {
  const { license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  for (const file of ['LICENSE', 'LICENSE.md', 'license', 'LICENSE.txt', 'LICENSE-MIT.txt']) {
    try {
      return `${name} (${license})\n\n${readFileSync(`node_modules/${name}/${file}`, 'utf8').trim()}\n`;
    } catch {
      // another name
    }
  }
  throw new Error(`package ${name}, which is bundled, has no license file`);
};
writeFileSync(`${OUT}/LICENSES.txt`, packages.map(licenseOf).join('\n---\n\n'));

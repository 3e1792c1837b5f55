import { expect, test } from 'vitest';
import { ABI_VERSION } from '../../src/abi/layout.ts';
import { WebpfError } from '../../src/errors.ts';
import { ARTIFACT_VERSION, makeArtifact, readArtifact } from '../../src/jit/artifact.ts';
import { instantiate } from '../../src/jit/instantiate.ts';
import { appendSection, bodySizes, readSections } from '../../src/jit/wasm.ts';
import { sandboxProof, trustedProof } from '../../src/verifier/proof.ts';
import { VERSION } from '../../src/version.ts';
import { alu, call, callx, exit, lddw, mov } from '../interp/insns.ts';
import { JitMachine, translateInsns } from './harness.ts';

const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

const callback = [...lddw(3, 5n, 4), call(5), call(2_000), callx(3), exit, alu('add', 0, 1), exit];

const codeOf = (read: () => unknown): { code: string; message: string } => {
  try {
    read();
  } catch (error) {
    if (error instanceof WebpfError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'none', message: '' };
};

test('what is written is read', async () => {
  const artifact = await translateInsns(callback, sandboxProof, {}, 2);
  const { info, wasm } = readArtifact(artifact.wasm);
  expect(info).toEqual(artifact.info);
  expect(wasm).toBe(artifact.wasm);
  expect(info).toMatchObject({
    version: ARTIFACT_VERSION,
    engine: VERSION,
    abi: ABI_VERSION,
    name: 'main',
    type: 'unspec',
    mode: 'sandbox',
    shared: false,
    slots: 8,
    mainSlots: 6,
    helpers: [5, 2_000],
    functions: [{ name: 'sub_6', slot: 6, length: 2, export: 'callback6' }],
  });
  expect(info.maps).toHaveLength(2);
});

test('an artifact that was read runs', async () => {
  const machine = new JitMachine();
  const { wasm } = await translateInsns([mov(0, 42), exit], trustedProof);
  const prog = machine.program({ insns: [mov(0, 42), exit], proof: trustedProof });
  const { batch } = await instantiate(readArtifact(wasm), machine.bindings(prog, []));
  const record = machine.record();
  batch(record, 1);
  expect(machine.outcome(record).r0).toBe(42n);
});

test('the module names its functions', async () => {
  const { wasm } = await translateInsns(callback);
  const section = readSections(wasm).find(({ name }) => name === 'name');
  const text = new TextDecoder('latin1').decode(wasm.subarray(section?.start, section?.end));
  expect(text).toContain('main');
  expect(text).toContain('sub_6');
});

test('truncated artifacts are refused', async () => {
  const { wasm } = await translateInsns(callback);
  for (let length = 0; length < wasm.length; length++) {
    expect(codeOf(() => readArtifact(wasm.subarray(0, length))).code).toBe('bad-argument');
  }
});

test('corrupt artifacts are read or refused, and do no other harm', async () => {
  const { wasm } = await translateInsns(callback);
  const machine = new JitMachine();
  const prog = machine.program({ insns: [exit] });
  for (let at = 0; at < wasm.length; at += 3) {
    const broken = wasm.slice();
    broken[at] = (broken[at] ?? 0) ^ (1 << (at & 7));
    const outcome = await Promise.resolve()
      .then(() => instantiate(readArtifact(broken), machine.bindings(prog, [])))
      .catch((error: unknown) => error);
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(WebpfError);
  }
});

const sectionOf = (json: string): Uint8Array => appendSection(EMPTY, 'webpf', new TextEncoder().encode(json));

test.each([
  ['text', new TextEncoder().encode('hello, world'), 'does not begin as a WebAssembly module'],
  ['a module without the section', EMPTY, 'has no section "webpf"'],
  ['a section that is not JSON', sectionOf('{'), 'is not JSON'],
  ['a section that is a number', sectionOf('1'), 'is not an object'],
  ['another version', sectionOf('{"version":99,"abi":1}'), 'format 99'],
  [
    'missing fields',
    sectionOf(JSON.stringify({ version: ARTIFACT_VERSION, abi: ABI_VERSION, engine: VERSION })),
    'field "contextKind"',
  ],
])('%s is refused', (_, bytes, message) => {
  const refusal = codeOf(() => readArtifact(bytes));
  expect(refusal.code).toBe('bad-argument');
  expect(refusal.message).toContain(message);
});

test('fields of the wrong kind are refused by name', async () => {
  const { info } = await translateInsns([mov(0, 0), exit]);
  for (const field of Object.keys(info)) {
    const { wasm } = makeArtifact(EMPTY, { ...info, [field]: { wrong: true } });
    expect(codeOf(() => readArtifact(wasm)).code).toBe('bad-argument');
  }
});

test('an artifact for shared memory does not fit plain memory', async () => {
  const machine = new JitMachine();
  const artifact = await translateInsns([mov(0, 0), exit], sandboxProof, { shared: true });
  const prog = machine.program({ insns: [exit] });
  await expect(instantiate(artifact, machine.bindings(prog, []))).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringContaining('does not fit this engine'),
  });
});

test('missing maps are refused', async () => {
  const machine = new JitMachine();
  const artifact = await translateInsns([...lddw(1, 1n, 5), mov(0, 0), exit], sandboxProof, {}, 2);
  const prog = machine.program({ insns: [exit] });
  await expect(instantiate(artifact, machine.bindings(prog, []))).rejects.toThrow(
    'it needs 2 maps, but 0 are bound',
  );
});

test('sizes of functions', async () => {
  const { wasm } = await translateInsns([mov(0, 0), exit]);
  expect(bodySizes(wasm)).toHaveLength(2);
});

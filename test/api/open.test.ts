import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Engine, open, openIn, programFromBytes, readObject, type WebpfError } from '../../src/index.ts';
import { engines, ethernet, example, openText } from './build.ts';

const FLOWS = example('flows.bpf.o');

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: WebpfError) => error.code,
  );

describe('open', () => {
  it('takes a path, a URL, bytes, an object read before, and a program', async () => {
    const bytes = await readFile(FLOWS);
    for (const source of [FLOWS, pathToFileURL(FLOWS), bytes, await readObject(FLOWS)]) {
      using object = await open(source, { engine: 'interp' });
      expect(object.programs.map(({ name }) => name)).toEqual(['count_flows']);
    }
    using single = await open(programFromBytes(Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0)));
    expect((await single.program()).run().r0).toBe(0n);
  });

  it('says what is wrong with a source', async () => {
    expect(await codeOf(open('nowhere.o'))).toBe('file');
    expect(await codeOf(open(new Uint8Array(100)))).toBe('bad-elf');
    expect(await codeOf(open(FLOWS, { maxEntries: { nothing: 1 } }))).toBe('not-found');
    expect(await codeOf(open(FLOWS, { cpus: 0 }))).toBe('bad-argument');
    expect(await codeOf(open(FLOWS, { budget: 1.5 }))).toBe('bad-argument');
  });

  it('refuses work after disposal', async () => {
    const object = await open(FLOWS, { engine: 'interp' });
    const program = await object.program();
    object[Symbol.dispose]();
    expect(() => program.run()).toThrow(/disposed/);
    expect(() => program.runBatch([])).toThrow(/disposed/);
    expect(await codeOf(object.program())).toBe('closed');
  });

  it('changes the size of maps', async () => {
    using object = await open(FLOWS, { engine: 'interp', maxEntries: { hosts: 1 } });
    const hosts = object.map('hosts').raw;
    hosts.update(new Uint8Array(4), new Uint8Array(hosts.valueBytes));
    const second = () => hosts.update(Uint8Array.of(1, 2, 3, 4), new Uint8Array(hosts.valueBytes));
    expect(second).toThrow(expect.objectContaining({ code: 'map-operation', errno: 7 }));
  });

  it('opens several objects in one engine, disposed of together', async () => {
    using engine = await Engine.create({ engine: 'interp' });
    const flows = await openIn(engine, FLOWS);
    const firewall = await openIn(engine, example('firewall.bpf.o'));
    const packet = ethernet(0x0806);
    expect((await flows.program()).run(packet).verdict).toBe('XDP_PASS');
    expect((await firewall.program('firewall')).run(packet).verdict).toBe('XDP_PASS');
    flows[Symbol.dispose]();
    expect((await firewall.program('firewall')).run(packet).verdict).toBe('XDP_PASS');
  });
});

describe.each(engines)('checks at load with %s', (engine) => {
  it.each([
    ['r0 = 1\ngoto +7\nexit', 'bad-program'],
    ['call 77\nexit', 'missing-helper'],
    ['r0 = 0\nr10 = r0\nexit', 'bad-program'],
  ])('refuses %j', async (text, code) => {
    using object = await openText(text, { engine });
    expect(await codeOf(object.program())).toBe(code);
  });

  it('refuses calls of kernel functions by name', async () => {
    using object = await openText('r0 = 0\ncall kfunc bpf_xdp_get_xfrm_state\nexit', { engine });
    await expect(object.program()).rejects.toMatchObject({
      code: 'unsupported',
      insn: 1,
      message: expect.stringMatching(
        /calls the kernel function bpf_xdp_get_xfrm_state \(kfunc\) at instruction 1/,
      ),
    });
  });

  it('finds programs by name, and the only one without', async () => {
    using object = await open(example('pipeline.bpf.o'), { engine });
    expect(await codeOf(object.program())).toBe('bad-argument');
    expect(await codeOf(object.program('nothing'))).toBe('not-found');
    expect(() => object.map('nothing')).toThrow(/there is no map "nothing"; the object has/);
    expect(() => object.map('events')).toThrow(/is of type 27, not a map with keys/);
  });
});

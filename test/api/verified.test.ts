import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  abi,
  type Btf,
  Engine,
  type EngineOptions,
  type MapSpec,
  open,
  openIn,
  programFromAssembly,
  type Rejection,
  WebpfError,
} from '../../src/index.ts';
import { engines, ethernet, example, mapSpec, openText } from './build.ts';

const object = (name: string): string => fileURLToPath(new URL(`../objects/${name}`, import.meta.url));

/** Reads the packet without a comparison. */
const WILD = 'r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 0)\nexit';
const PASS = 'r0 = 2\nexit';

async function refusal(promise: Promise<unknown>): Promise<WebpfError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof WebpfError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

describe.each(engines)('modes in %s', (engine) => {
  const modeOf = async (options: EngineOptions, type: 'xdp' | 'unspec' = 'xdp') => {
    using opened = await openText(PASS, { engine, type, ...options });
    const program = await opened.program();
    expect(program.run(ethernet(0)).r0).toBe(2n);
    return program.mode;
  };

  it('verified, unless told otherwise', async () => {
    expect(await modeOf({})).toBe('verified');
    expect(await modeOf({ sandbox: true })).toBe('sandbox');
    expect(await modeOf({ trusted: true })).toBe('trusted');
    const both = refusal(Engine.create({ sandbox: true, trusted: true }));
    expect(await both).toMatchObject({ code: 'bad-argument' });
  });

  it('programs of no type run in the sandbox', async () => {
    expect(await modeOf({}, 'unspec')).toBe('sandbox');
    expect(await modeOf({ trusted: true }, 'unspec')).toBe('trusted');
  });

  it('so do those that are given another context than their type has', async () => {
    using other = await openText(WILD, { engine, type: 'xdp', context: 'memory' });
    expect((await other.program()).mode).toBe('sandbox');
    using own = await openText(PASS, { engine, type: 'xdp', context: 'xdp' });
    expect((await own.program()).mode).toBe('verified');
  });

  it('the sandbox runs what the verifier rejects, and stops it', async () => {
    using opened = await openText(WILD, { engine, type: 'xdp', sandbox: true });
    const program = await opened.program();
    expect(program.run(Uint8Array.of(7)).r0).toBe(7n);
    expect(program.runBatch([new Uint8Array()]).traps).toMatchObject([{ kind: 'memory', insn: 1 }]);
  });

  it('a budget is for the sandbox alone', async () => {
    const text = 'r0 = 0\nagain:\nr0 += 1\nif r0 != 100 goto again\nexit';
    using verified = await openText(text, { engine, type: 'xdp', budget: 10 });
    expect((await verified.program()).run(ethernet(0)).r0).toBe(100n);
    using sandboxed = await openText(text, { engine, type: 'xdp', budget: 10, sandbox: true });
    const program = await sandboxed.program();
    expect(() => program.run(ethernet(0))).toThrow(/budget/);
  });
});

describe('a rejected program', () => {
  it('is refused with the reason, the place and the way there', async () => {
    using opened = await openText(WILD, { type: 'xdp' });
    const error = await refusal(opened.program());
    expect(error).toMatchObject({
      code: 'rejected',
      stage: 'verifier',
      insn: 1,
      subject: 'main',
      source: { line: 2, text: 'r0 = *(u8 *)(r2 + 0)' },
    });
    const { reason, summary, hint, registers } = error.cause as Rejection;
    expect(reason).toMatch(/^invalid access to packet, off=0 size=1/);
    expect(registers).toMatchObject([{ register: 2, state: 'pkt(r=0)' }]);
    expect(error.message).toMatch(/^main is rejected: .* at instruction 1 \(main:2: r0 = /);
    for (const part of [summary, hint]) expect(error.message).toContain(part);
  });

  it('is refused again, and does not keep others from running', async () => {
    const engine = await Engine.create();
    const bad = await openIn(engine, programFromAssembly(WILD, { name: 'bad', type: 'xdp' }));
    const good = await openIn(engine, programFromAssembly(PASS, { name: 'good', type: 'xdp' }));
    for (let i = 0; i < 2; i++) expect(await refusal(bad.program())).toMatchObject({ code: 'rejected' });
    expect(await refusal(bad.artifact())).toMatchObject({ code: 'rejected' });
    expect((await good.program()).run(ethernet(0)).verdict).toBe('XDP_PASS');
  });

  it('is told from one that webpf cannot verify', async () => {
    const text = 'r0 = *(u64 *)(r1 + 0)\nr0 = *(u64 *)(r0 + 0)\nexit';
    using opened = await openText(text, { type: 'tracing' });
    const error = await refusal(opened.program());
    expect(error).toMatchObject({ code: 'unsupported', stage: 'verifier', insn: 0 });
    expect(error.message).toMatch(/cannot be verified: .*"sandbox: true" runs it unverified/);
  });
});

/** BTF of a section `settings` with one u32, `limit`. */
const SETTINGS: Btf = {
  types: [
    { kind: 'void', name: '' },
    { kind: 'int', name: 'u32', size: 4, encoding: 'unsigned', bits: 32, bitOffset: 0 },
    { kind: 'var', name: 'limit', type: 1, linkage: 'global' },
    { kind: 'datasec', name: 'settings', size: 4, variables: [{ type: 2, offset: 0, size: 4 }] },
  ],
};
const settings: MapSpec = mapSpec('settings', abi.MAP_TYPE_ARRAY, {
  valueSize: 4,
  maxEntries: 1,
  flags: abi.BPF_F_RDONLY_PROG,
  btf: SETTINGS,
  valueTypeId: 3,
  data: new Uint8Array(4),
  frozen: true,
});

describe.each(engines)('what the host has set before the load (%s)', (engine) => {
  /** Writes `limit` bytes below the frame pointer. */
  const text = `
    r1 = map[settings][0] ll
    r1 = *(u32 *)(r1 + 0)
    r1 = -r1
    r2 = r10
    r2 += r1
    *(u8 *)(r2 + 0) = 5
    r0 = *(u8 *)(r2 + 0)
    exit`;
  const opened = (limit: number) =>
    openText(text, { engine, type: 'xdp', maps: [settings], globals: { limit } });

  it('variables of read-only data are constants to the verifier', async () => {
    using fits = await opened(512);
    expect((await fits.program()).run(ethernet(0)).r0).toBe(5n);
    using deep = await opened(513);
    expect(await refusal(deep.program())).toMatchObject({ code: 'rejected', insn: 6 });
  });

  it('and cannot be changed any more', async () => {
    using fits = await opened(8);
    const map = fits.map('settings');
    expect(map.get(0)).toEqual({ limit: 8 });
    const refused = expect.objectContaining({ code: 'map-operation', errno: abi.EPERM });
    expect(() => map.set(0, { limit: 513 })).toThrow(refused);
    expect(() => map.raw.delete(new Uint8Array(4))).toThrow(refused);
  });

  it('not by programs in the sandbox either', async () => {
    const write = 'r1 = map[settings][0] ll\n*(u32 *)(r1 + 0) = 513\nr0 = 0\nexit';
    using opened = await openText(write, { engine, maps: [{ ...settings, flags: 0 }] });
    const program = await opened.program();
    expect(program.mode).toBe('sandbox');
    expect(program.runBatch([new Uint8Array()]).traps).toMatchObject([{ kind: 'memory' }]);
  });

  it('sizes of maps', async () => {
    const values = mapSpec('values', abi.MAP_TYPE_ARRAY, { maxEntries: 2 });
    const first = 'r1 = map[values][0] ll\nr0 = *(u64 *)(r1 + 0)\nexit';
    const options = { engine, type: 'xdp', maps: [values] } as const;
    // The address of a value is known in arrays of one element alone.
    using two = await openText(first, options);
    expect(await refusal(two.program())).toMatchObject({ code: 'rejected' });
    using one = await openText(first, { ...options, maxEntries: { values: 1 } });
    expect((await one.program()).run(ethernet(0)).r0).toBe(0n);
  });
});

describe.each(engines)('code that is never reached (%s)', (engine) => {
  const DEAD = `
    r0 = 2
    r1 = 1
    if r1 == 1 goto out
    call bpf_rc_repeat
    out: exit`;

  it('may call what webpf does not have', async () => {
    using opened = await openText(DEAD, { engine, type: 'lirc_mode2' });
    expect((await opened.program()).run(new Uint8Array(4)).r0).toBe(2n);
    using sandboxed = await openText(DEAD, { engine, type: 'lirc_mode2', sandbox: true });
    expect(await refusal(sandboxed.program())).toMatchObject({ code: 'missing-helper', insn: 3 });
  });

  it('what is reached may not, though the verifier accepts it', async () => {
    using opened = await openText('call bpf_rc_repeat\nr0 = 0\nexit', { engine, type: 'lirc_mode2' });
    expect(await refusal(opened.program())).toMatchObject({
      code: 'missing-helper',
      insn: 0,
      message: expect.stringMatching(/calls bpf_rc_repeat#77 at instruction 0/),
    });
  });

  it('may need types of a kernel', async () => {
    using opened = await open(object('core.o'), { engine });
    const guarded = await opened.program('guarded');
    expect(guarded.mode).toBe('verified');
    guarded.run(ethernet(0));
    const unguarded = await refusal(opened.program('unguarded'));
    expect(unguarded).toMatchObject({ code: 'unsupported', stage: 'verifier' });
    using sandboxed = await open(object('core.o'), { engine, sandbox: true });
    for (const program of ['guarded', 'unguarded']) {
      const error = await refusal(sandboxed.program(program));
      expect(error).toMatchObject({ code: 'unsupported', stage: 'runtime' });
      expect(error.message).toMatch(/CO-RE relocation/);
    }
  });
});

describe('facts', () => {
  it('are checked in the interpreter', async () => {
    using opened = await open(example('flows.bpf.o'), { engine: 'interp', checkFacts: true });
    expect((await opened.program()).run(ethernet(0x0800)).verdict).toBe('XDP_PASS');
    using wild = await openText(WILD, { engine: 'interp', checkFacts: true, type: 'xdp' });
    expect(await refusal(wild.program())).toMatchObject({ code: 'rejected' });
  });
});

describe('artifacts', () => {
  it.each<[string, EngineOptions]>([
    ['verified', {}],
    ['sandbox', { sandbox: true }],
    ['trusted', { trusted: true }],
  ])('say that they are %s', async (mode, options) => {
    using opened = await openText('r0 = *(u64 *)(r1 + 8)\nexit', { type: 'kprobe', ...options });
    const { info } = await opened.artifact();
    expect(info).toMatchObject({ mode, contextSize: mode === 'verified' ? 16 : 0 });
  });
});

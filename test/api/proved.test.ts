import { describe, expect, it } from 'vitest';
import {
  abi,
  defineProgramType,
  Engine,
  openIn,
  programFromAssembly,
  type WebpfError,
} from '../../src/index.ts';
import { engines, ethernet, mapSpec, openText } from './build.ts';

// Verified code checks nothing: what the verifier takes for granted must hold of linear memory, too.

const eight = (first: number): Uint8Array => Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 0);

const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: WebpfError) => error.message,
  );

const CONTEXT = { name: 'c', size: 8, fields: [], packet: 'none' } as const;

describe.each(engines)('what verified programs rely on (%s)', (engine) => {
  it('a pointer moved below its memory comes back by the offset of an access', async () => {
    const text = 'r2 = r10\nr2 += -32000\nr3 = 7\n*(u64 *)(r2 + 31992) = r3\nr0 = *(u64 *)(r10 - 8)\nexit';
    using object = await openText(text, { engine, type: 'xdp' });
    expect((await object.program()).run(ethernet(0)).r0).toBe(7n);
  });

  it('the contents of an inner map are not those of the template', async () => {
    const frozen = (name: string, first: number) =>
      mapSpec(name, abi.MAP_TYPE_ARRAY, {
        valueSize: 8,
        maxEntries: 1,
        flags: abi.BPF_F_RDONLY_PROG,
        frozen: true,
        data: eight(first),
      });
    const inner = frozen('template', 1);
    const outer = mapSpec('outer', abi.MAP_TYPE_ARRAY_OF_MAPS, { valueSize: 4, maxEntries: 1, inner });
    const lookup = 'r2 = r10\nr2 += -4\ncall 1\nif r0 == 0 goto out';
    using object = await openText(
      `r1 = map[real] ll
       *(u32 *)(r10 - 4) = 0
       r1 = map[outer] ll
       ${lookup}
       r1 = r0
       ${lookup}
       r0 = *(u64 *)(r0 + 0)
       if r0 == 1 goto out
       r0 = 66
       out:
       exit`,
      { engine, type: 'xdp', maps: [outer, frozen('real', 2)] },
    );
    const program = await object.program();
    object.setInnerMap('outer', new Uint8Array(4), object.map('real').raw);
    expect(program.run(ethernet(0)).r0).toBe(66n);
  });

  it('a sandboxed program finds nothing of a verified one on the stack', async () => {
    const host = await Engine.create({ engine });
    const verified = programFromAssembly('r1 = 99\n*(u64 *)(r10 - 512) = r1\nr0 = 0\nexit', { type: 'xdp' });
    const sandboxed = programFromAssembly('r1 = r10\nr0 = *(u64 *)(r1 - 512)\nexit', { type: 'unspec' });
    const [first, second] = [await openIn(host, verified), await openIn(host, sandboxed)];
    const [writes, reads] = [await first.program(), await second.program()];
    expect([writes.mode, reads.mode]).toEqual(['verified', 'sandbox']);
    reads.run(ethernet(0));
    writes.run(ethernet(0));
    expect(reads.run(ethernet(0)).r0).toBe(0n);
  });

  it('a format may be longer than a page', async () => {
    const data = new Uint8Array(5001).fill(0x61);
    data[5000] = 0;
    const text = mapSpec('text', abi.MAP_TYPE_ARRAY, {
      valueSize: 5001,
      maxEntries: 1,
      flags: abi.BPF_F_RDONLY_PROG,
      frozen: true,
      data,
    });
    using object = await openText(
      `r1 = r10
       r1 += -16
       r2 = 16
       r3 = map[text][0] ll
       r4 = 0
       r5 = 0
       call bpf_snprintf
       exit`,
      { engine, type: 'sched_cls', maps: [text] },
    );
    expect((await object.program()).run(ethernet(0)).r0).toBe(5001n);
  });

  it("webpf's own helpers get what they need, whatever a type declares of them", async () => {
    const declared = { id: 106, name: 'mine', overrides: true, args: [] };
    const programType = { name: 't', context: CONTEXT, helpers: [declared] };
    const text = 'r4 = 400000\ncall 106\nexit';
    const override = openText(text, { engine, programType }).then((object) => object.program());
    expect(await messageOf(override)).toMatch(
      /helper mine \(106\) takes the place of one that webpf has itself/,
    );
    const skb = { name: 't', context: CONTEXT, kernelHelpers: ['bpf_skb_store_bytes'] };
    const foreign = openText('r0 = 0\nexit', { engine, programType: skb }).then((object) => object.program());
    expect(await messageOf(foreign)).toMatch(
      /bpf_skb_store_bytes \(9\) works on the context of the kernel's own/,
    );
  });

  it('a program type may be given as it was defined, or checked', async () => {
    const programType = defineProgramType({ name: 't', context: CONTEXT });
    using object = await openText('r0 = 5\nexit', { engine, programType });
    expect((await object.program()).run(new Uint8Array(8)).r0).toBe(5n);
  });

  it('events under way are not given to a program that needs more of them', async () => {
    const programs = mapSpec('progs', abi.MAP_TYPE_PROG_ARRAY, { valueSize: 4, maxEntries: 1 });
    const host = await Engine.create({ engine });
    const calls = 'r2 = map[progs] ll\nr3 = 0\ncall 12\nr0 = 1\nexit';
    const short = await openIn(host, programFromAssembly(calls, { type: 'kprobe', maps: [programs] }));
    const long = await openIn(host, programFromAssembly('r0 = *(u64 *)(r1 + 80)\nexit', { type: 'kprobe' }));
    const [from, to] = [await short.program(), await long.program()];
    function* events(): Generator<Uint8Array> {
      yield new Uint8Array(8);
      short.setTailCall('progs', 0, to);
    }
    expect(() => from.runBatch(events())).toThrow(/accesses more of the context: set it before/);
    short.setTailCall('progs', 0, to);
    expect(() => from.run(new Uint8Array(8))).toThrow(/accesses 88 bytes of its context/);
  });
});

import { describe, expect, it } from 'vitest';
import {
  abi,
  contextOfFields,
  type HostHelpers,
  type ProgramTypeDefinition,
  type Rejection,
  type WebpfError,
  words,
  writable,
} from '../../src/index.ts';
import { engines, ethernet, mapSpec, openText } from './build.ts';

const reasonOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: WebpfError) => (error.cause as Rejection | undefined)?.reason ?? error.message,
  );

/** Has helper 1000 fill 8 bytes of the stack, and returns them. */
const FILL = `
  r1 = r10
  r1 += -8
  r2 = 8
  call 1000
  r0 = *(u64 *)(r10 - 8)
  exit`;

describe.each(engines)("helpers of the host's own in verified programs (%s)", (engine) => {
  it('may be called without a word about what they take', async () => {
    const helpers: HostHelpers = { 1000: ([first, second]) => first + second };
    using object = await openText('r1 = 5\nr2 = 6\ncall 1000\nexit', { engine, type: 'xdp', helpers });
    const program = await object.program();
    expect(program.mode).toBe('verified');
    expect(program.run(ethernet(0)).r0).toBe(11n);
    using without = await openText('call 1000\nexit', { engine, type: 'xdp' });
    expect(await reasonOf(without.program())).toBe('invalid func unknown#1000');
  });

  it('return a number, whatever it is taken for', async () => {
    const text = 'call 1000\nr0 = *(u64 *)(r0 + 0)\nexit';
    using object = await openText(text, { engine, type: 'xdp', helpers: { 1000: () => 4096 } });
    expect(await reasonOf(object.program())).toMatch(/R0 invalid mem access 'scalar'/);
  });

  it('read the memory of the program, and write to its packet', async () => {
    const helpers: HostHelpers = {
      1000: ([address], memory) => {
        memory.write(address, memory.read(address, 4).toReversed());
        return 0;
      },
    };
    const text = `
      r2 = *(u32 *)(r1 + 4)
      r1 = *(u32 *)(r1 + 0)
      r3 = r1
      r3 += 4
      if r3 > r2 goto out
      call 1000
      out: r0 = 2
      exit`;
    using object = await openText(text, { engine, type: 'xdp', helpers });
    const { data } = (await object.program()).run(Uint8Array.of(1, 2, 3, 4));
    expect([...data]).toEqual([4, 3, 2, 1]);
  });

  it.each([
    ['the stack', FILL.replace('r1 = r10', '*(u64 *)(r10 - 8) = 7\nr1 = r10')],
    ['the context', 'call 1000\nr0 = 0\nexit'],
  ])('do not write to %s, which the verifier knows', async (_, text) => {
    const helpers: HostHelpers = {
      1000: ([address], memory) => {
        memory.write(address, new Uint8Array(4));
        return 0;
      },
    };
    using object = await openText(text, { engine, type: 'xdp', helpers });
    const program = await object.program();
    expect(() => program.run(ethernet(0))).toThrow(
      expect.objectContaining({
        code: 'trap',
        cause: expect.objectContaining({ message: expect.stringMatching(/helper 1000 writes to the stack/) }),
      }),
    );
  });

  it('are held to what they declare', async () => {
    const helpers: HostHelpers = {
      1000: {
        name: 'fill',
        args: [
          { kind: 'memory', access: 'uninit', nullable: false },
          { kind: 'size', zeroAllowed: false },
        ],
        call: ([address, size], memory) => {
          memory.write(address, new Uint8Array(Number(size)).fill(1));
          return 0;
        },
      },
    };
    const options = { engine, type: 'xdp', helpers } as const;
    using object = await openText(FILL, options);
    expect((await object.program()).run(ethernet(0)).r0).toBe(0x0101_0101_0101_0101n);
    using beyond = await openText(FILL.replace('r2 = 8', 'r2 = 9'), options);
    expect(await reasonOf(beyond.program())).toMatch(/invalid write to stack R1 off=-8 size=9/);
    using number = await openText(FILL.replace('r1 = r10\n  r1 += -8', 'r1 = 8'), options);
    expect(await reasonOf(number.program())).toMatch(/R1 type=scalar expected=/);
  });

  it('write no more than they declare', async () => {
    const helpers: HostHelpers = {
      1000: {
        name: 'fill',
        args: [{ kind: 'memory', access: 'uninit', nullable: false, size: 8 }],
        call: ([address], memory) => {
          memory.write(address - 8n, new Uint8Array(16));
          return 0;
        },
      },
    };
    using object = await openText(FILL, { engine, type: 'xdp', helpers });
    const program = await object.program();
    expect(program.runBatch([ethernet(0)]).traps).toMatchObject([{ kind: 'host', insn: 3 }]);
  });

  it('are verified as those of the kernel where they stand for one', async () => {
    const helpers: HostHelpers = { bpf_rc_repeat: () => 77 };
    const options = { engine, type: 'lirc_mode2', helpers } as const;
    using object = await openText('call bpf_rc_repeat\nexit', options);
    expect((await object.program()).run(new Uint8Array(4)).r0).toBe(77n);
    using wrong = await openText('r1 = 0\ncall bpf_rc_repeat\nexit', options);
    expect(await reasonOf(wrong.program())).toMatch(/R1 type=scalar expected=ctx/);
  });

  it('are refused when their declaration makes no sense', async () => {
    const helpers = { 1000: { name: 'fill it', args: [], call: () => 0 } };
    await expect(openText(FILL, { engine, helpers })).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(openText(FILL, { engine, helpers: { 1000: {} as never } })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(/"1000" is no function, and has none as "call"/),
    });
  });
});

/** A request: method and size may be read, the answer be written. */
const REQUEST: ProgramTypeDefinition = {
  name: 'http_filter',
  context: contextOfFields('request', 16, [
    ...words(0, 'method size'),
    ...words(8, 'answer').map((one) => writable(one)),
  ]),
  helpers: [
    {
      id: 1000,
      name: 'count',
      args: [
        { kind: 'map' },
        { kind: 'mapKey' },
        { kind: 'memory', access: 'write', nullable: false, size: 8 },
      ],
    },
  ],
  returns: { min: 0, max: 1 },
};

const FILTER = `
  r6 = r1
  *(u64 *)(r10 - 8) = 3
  *(u32 *)(r10 - 12) = 1
  r1 = map[counts]
  r2 = r10
  r2 += -12
  r3 = r10
  r3 += -8
  call 1000
  r0 = *(u64 *)(r10 - 8)
  r1 = *(u32 *)(r6 + 4)
  r0 += r1
  *(u32 *)(r6 + 8) = r0
  r0 = 1
  exit`;

describe.each(engines)("program types of the host's own in %s", (engine) => {
  const maps = [mapSpec('counts', abi.MAP_TYPE_ARRAY)];
  const helpers: HostHelpers = {
    1000: ([, , counter], memory) => {
      const [before = 0] = memory.read(counter, 8);
      memory.write(counter, Uint8Array.of(before * 10, 0, 0, 0, 0, 0, 0, 0));
      return 0;
    },
  };
  const opened = (text: string, more: object = {}) =>
    openText(text, { engine, maps, helpers, programType: REQUEST, ...more });

  it('are verified by their rules, and run over their context', async () => {
    using object = await opened(FILTER);
    const program = await object.program();
    expect(program.mode).toBe('verified');
    const request = Uint8Array.of(1, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const { r0, verdict, data } = program.run(request);
    expect({ r0, verdict, answer: data[8] }).toEqual({ r0: 1n, verdict: '1', answer: 42 });
    expect(() => program.run(request.subarray(0, 11))).toThrow(/accesses 12 bytes of its context/);
  });

  it.each([
    ['what they return', FILTER.replace('r0 = 1\n  exit', 'r0 = 2\n  exit'), /should have been in \[0, 1\]/],
    [
      'what of the context is written',
      FILTER.replace('r6 + 8', 'r6 + 4'),
      /invalid bpf_context access off=4/,
    ],
    ['what helpers are given', FILTER.replace('r3 += -8', 'r3 += -4'), /invalid .*stack/],
    ['which helpers there are', FILTER.replace('call 1000', 'call 1001'), /unknown#1001/],
  ])('say %s', async (_, text, reason) => {
    using object = await opened(text);
    expect(await reasonOf(object.program())).toMatch(reason);
  });

  it('need the functions of their helpers', async () => {
    using object = await opened(FILTER, { helpers: {} });
    await expect(object.program()).rejects.toMatchObject({ code: 'missing-helper', insn: 9 });
  });

  it('run in the sandbox as well', async () => {
    using object = await opened(FILTER, { sandbox: true });
    const program = await object.program();
    expect(program.mode).toBe('sandbox');
    expect(program.run(new Uint8Array(16)).data[8]).toBe(30);
  });

  it('are checked when an object is opened with them', async () => {
    const wrong = { ...REQUEST, name: 'http filter' };
    await expect(opened(FILTER, { programType: wrong })).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(opened(FILTER, { context: 'xdp' })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(/programs of a type of your own get plain memory/),
    });
  });

  it('may have pointers in their context, which events supply', async () => {
    const pointers: ProgramTypeDefinition = {
      name: 'with_body',
      context: {
        ...contextOfFields('with_body', 16, []),
        fields: [
          {
            name: 'body',
            offset: 0,
            size: 8,
            read: 8,
            write: 0,
            yields: { kind: 'memory', size: 64, writable: false, nullable: false },
          },
        ],
      },
    };
    using object = await opened('r1 = *(u64 *)(r1 + 0)\nr0 = *(u8 *)(r1 + 63)\nexit', {
      programType: pointers,
    });
    const program = await object.program();
    const data = new Uint8Array(16);
    const body = new Uint8Array(64).fill(7);
    expect(program.run({ kind: 'memory', data, pointers: [{ offset: 0, to: body }] }).r0).toBe(7n);
    expect(() => program.run(data)).toThrow(/loads the pointer "body" at offset 0/);
    const short = [{ offset: 0, to: body.subarray(1) }];
    expect(() => program.run({ kind: 'memory', data, pointers: short })).toThrow(/for 64 bytes.*has 63/);
  });
});

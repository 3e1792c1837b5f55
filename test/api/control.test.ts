import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Bpf, open, programFromAssembly, ptRegs, readObject, skb, type WebpfError } from '../../src/index.ts';
import { engines } from './build.ts';

const FILE = fileURLToPath(new URL('../objects/control.o', import.meta.url));
const packet = (length: number): Uint8Array => new Uint8Array(length);
const modes = engines.flatMap((engine) => [
  { engine, sandbox: false },
  { engine, sandbox: true },
]);

describe.each(
  modes,
)('kernel functions that control programs, with $engine (sandbox: $sandbox)', (options) => {
  it('end a run from any depth, and leave the others of a batch alone', async () => {
    using object = await open(FILE, options);
    const program = await object.program('thrown');
    // 11, 15 and 20: what the first of the numbers beyond 10 is.
    expect([50, 54, 56, 60, 70].map((size) => program.run(packet(size)).r0)).toEqual([5n, 5n, 11n, 15n, 20n]);
    const batch = program.runBatch([50, 60, 52, 70, 71, 51].map(packet));
    expect([...batch.results]).toEqual([5n, 15n, 5n, 20n, 21n, 5n]);
    expect(batch.traps).toEqual([]);
    expect(program.retval(packet(70))).toBe(20);
    expect(program.repeat(packet(70), 5).runs).toBe(5);
    const { count } = object.map<number, { count: number }>('.bss').get(0) ?? {};
    // Nothing is noted behind what ends the run.
    expect(count).toBe(2 + 3);
  });

  it('count the elements of a map', async () => {
    using object = await open(FILE, options);
    const program = await object.program('counted');
    expect([50, 51, 50, 52].map((size) => program.run(packet(size)).r0)).toEqual([1n, 2n, 2n, 3n]);
  });

  it('print to streams of the program', async () => {
    using object = await open(FILE, options);
    const program = await object.program('printed');
    const print = (size: number, mark: number): bigint =>
      BigInt.asIntN(64, program.run(skb({ packet: packet(size), mark })).r0);
    expect([print(60, 1), print(61, 2), print(62, 3), print(63, 0)]).toEqual([0n, 0n, -2n, -2n]);
    expect(program.readStream('stdout')).toBe(
      'packet has 60 bytes\npacket has 7 bytes\npacket has 61 bytes\npacket has 62 bytes\npacket has 63 bytes\n',
    );
    expect(program.readStream('stderr')).toBe('packet has 7 bytes\n');
    expect(program.readStream('stdout')).toBe('');
    let last = 0n;
    for (let i = 0; i < 5200 && last === 0n; i++) last = print(60, 2);
    expect(last).toBe(0n);
    for (let i = 0; i < 1000 && last === 0n; i++) last = print(60, 2);
    expect(last).toBe(-28n);
  });
});

it('the stepper sees a run end that throws', async () => {
  using object = await open(FILE, { engine: 'interp' });
  const stepper = (await object.program('thrown')).debug(packet(70));
  expect(stepper.continue().status).toBe('ended');
});

it('streams are read by the command of bpf(2)', async () => {
  using bpf = await Bpf.open();
  const { progs } = await bpf.loadObject(await readObject(FILE));
  const progFd = progs.get('printed') ?? -1;
  expect(await bpf.progStreamReadByFd({ progFd, streamId: 1, size: 100 })).toEqual(new Uint8Array());
  await bpf.progTestRun({ progFd, dataIn: packet(60) });
  const read = async (size: number): Promise<string> =>
    new TextDecoder().decode(await bpf.progStreamReadByFd({ progFd, streamId: 1, size }));
  expect([await read(6), await read(100), await read(100)]).toEqual(['packet', ' has 60 bytes\n', '']);
  const refused = expect.objectContaining({ code: 'syscall', errno: 2 }) as WebpfError;
  await expect(bpf.progStreamReadByFd({ progFd, streamId: 3, size: 1 })).rejects.toThrow(refused);
});

describe.each(engines)('programs of sessions, in %s', (engine) => {
  it('know whether the function has returned, and share a cookie', async () => {
    const text = `
      call kfunc bpf_session_is_return
      r6 = r0
      call kfunc bpf_session_cookie
      r1 = *(u64 *)(r0 + 0)
      r1 += 5
      *(u64 *)(r0 + 0) = r1
      r0 = r6
      r0 &= 1
      exit`;
    const program = {
      ...programFromAssembly(text, { name: 'main', type: 'kprobe', license: 'GPL' }),
      attachType: 'trace_kprobe_session',
    };
    using object = await open(program, { engine });
    const session = await object.program();
    using cookie = object.engine.object({ kind: 'other', bytes: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) });
    const run = (isReturn: boolean, own = {}): bigint =>
      session.run({ ...ptRegs({}), context: { traced: { session: { isReturn, ...own } } } }).r0;
    expect([run(false, { cookie }), run(true, { cookie })]).toEqual([0n, 1n]);
    expect(cookie.bytes[0]).toBe(17);
    expect([run(false), run(true)]).toEqual([0n, 1n]);
    using small = object.engine.object({ kind: 'other', bytes: new Uint8Array(4) });
    expect(() => run(false, { cookie: small })).toThrow(/has 8 bytes, not 4/);
  });
});

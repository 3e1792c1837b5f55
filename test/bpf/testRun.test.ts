import { describe, expect, it } from 'vitest';
import { Bpf, type ProgramType, programFromAssembly } from '../../src/index.ts';
import { ethernet } from '../api/build.ts';

const dataIn = ethernet(0x0800, 60);
const MARK = 8;
const SKB_SIZE = 192;

async function load(progType: ProgramType, text: string) {
  const bpf = await Bpf.open({ engine: 'interp' });
  const program = programFromAssembly(`${text}\nexit`, { name: 'main', type: progType, license: 'GPL' });
  return { bpf, progFd: await bpf.progLoad({ program }) };
}

const words = (
  size: number,
  ...values: readonly (readonly [offset: number, value: number])[]
): Uint8Array => {
  const bytes = new Uint8Array(size);
  for (const [offset, value] of values) new DataView(bytes.buffer).setUint32(offset, value, true);
  return bytes;
};
const word = (bytes: Uint8Array, offset: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);

describe('PROG_TEST_RUN with contexts as bytes', () => {
  it('takes and gives struct __sk_buff', async () => {
    const { bpf, progFd } = await load(
      'sched_cls',
      `r0 = *(u32 *)(r1 + ${MARK})\nr2 = 9\n*(u32 *)(r1 + ${MARK}) = r2`,
    );
    using _ = bpf;
    const { retval, ctxOut } = await bpf.progTestRun({ progFd, dataIn, ctxIn: words(SKB_SIZE, [MARK, 7]) });
    expect({ retval, length: ctxOut.length, mark: word(ctxOut, MARK), len: word(ctxOut, 0) }).toEqual({
      retval: 7,
      length: SKB_SIZE,
      mark: 9,
      len: 60,
    });
    expect((await bpf.progTestRun({ progFd, dataIn, ctxIn: words(12, [MARK, 5]) })).retval).toBe(5);
    expect((await bpf.progTestRun({ progFd, dataIn, ctxIn: { mark: 6 } })).retval).toBe(6);
    const refuses = (ctxIn: Uint8Array, message: RegExp) =>
      expect(bpf.progTestRun({ progFd, dataIn, ctxIn })).rejects.toThrow(message);
    await refuses(words(SKB_SIZE, [0, 60]), /-EINVAL: member len/);
    await refuses(words(SKB_SIZE + 8, [SKB_SIZE, 1]), /-E2BIG/);
  });

  it('takes and gives struct xdp_md', async () => {
    const { bpf, progFd } = await load('xdp', 'r0 = *(u32 *)(r1 + 16)');
    using _ = bpf;
    const { retval, ctxOut } = await bpf.progTestRun({ progFd, dataIn, ctxIn: words(24, [4, 60], [16, 3]) });
    expect(retval).toBe(3);
    expect(ctxOut).toEqual(words(24, [4, 60], [16, 3]));
    await expect(bpf.progTestRun({ progFd, dataIn, ctxIn: words(24, [4, 61]) })).rejects.toThrow(/data_end/);
    await expect(bpf.progTestRun({ progFd, dataIn, ctxIn: words(24, [0, 4], [4, 60]) })).rejects.toThrow(
      /metadata/,
    );
  });

  it('runs once for repeat 0', async () => {
    const { bpf, progFd } = await load('xdp', 'r0 = 2');
    using _ = bpf;
    expect((await bpf.progTestRun({ progFd, dataIn, repeat: 0 })).retval).toBe(2);
    await expect(bpf.progTestRun({ progFd, dataIn, repeat: -1 })).rejects.toThrow(/repeat is -1/);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { abi, assemble, type BpfProgram, type EngineOptions, type RunContext } from '../../src/index.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { helperName } from '../../src/isa/helpers.ts';
import { BLIND, effectsOf, LOOKING } from '../../src/jit/effects.ts';
import { trustedProof } from '../../src/verifier/proof.ts';
import { checkStructure } from '../../src/verifier/structure.ts';
import { ethernet, mapSpec, openText } from '../api/build.ts';
import { programOf } from './harness.ts';

// The batch loop sets up only what a program can have changed: the interpreter, which sets up everything, is the judge.

const ENGINES: readonly EngineOptions[] = [{ engine: 'jit' }, { engine: 'interp' }];

const frames = (...types: number[]): Uint8Array[] => types.map((type) => ethernet(type));

async function inBoth<T>(
  text: string,
  options: Parameters<typeof openText>[1],
  work: (program: BpfProgram) => T | Promise<T>,
): Promise<[jit: T, interp: T]> {
  const results: T[] = [];
  for (const engine of ENGINES) {
    using object = await openText(text, { ...options, ...engine });
    results.push(await work(await object.program()));
  }
  return results as [T, T];
}

/** What a batch gives, and what single runs give, of the same events. */
function both(program: BpfProgram, packets: readonly Uint8Array[], context: RunContext = {}) {
  const { results, traps, packets: after } = program.runBatch(packets, { packets: true, context });
  const batch = { results, after, traps: traps.map(({ kind, index, insn }) => ({ kind, index, insn })) };
  const single = packets.map((packet) => {
    try {
      const { r0, data, meta, redirect, context: fields } = program.run(packet, context);
      return { r0, data, meta, redirect, fields };
    } catch (error) {
      return String(error);
    }
  });
  return { batch, single };
}

/** Writes the mark and a word of cb, after it has returned the sum of what it found there. */
const MARK = `
  r0 = *(u32 *)(r1 + 8)
  r2 = *(u32 *)(r1 + 48)
  r0 += r2
  r2 = 5
  *(u32 *)(r1 + 8) = r2
  *(u32 *)(r1 + 48) = r2
  exit`;

const PROTOCOL = 'r0 = *(u32 *)(r1 + 16)\nr2 = *(u32 *)(r1 + 0)\nr2 <<= 32\nr0 |= r2\nexit';

/** Adjusts the head of packets whose first byte is odd, then returns the packet's length. */
const ODD_MOVE = `
  r6 = r1
  r2 = *(u32 *)(r6 + 0)
  r3 = *(u32 *)(r6 + 4)
  r4 = r2
  r4 += 1
  r0 = 1
  if r4 > r3 goto out
  r5 = *(u8 *)(r2 + 0)
  r5 &= 1
  if r5 == 0 goto out
  r2 = -8
  call bpf_xdp_adjust_head
  r1 = r6
  r2 = -4
  call bpf_xdp_adjust_meta
  r0 = 2
  out: exit`;

const ODD_REDIRECT = `
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r4 = r2
  r4 += 1
  r0 = 4
  if r4 > r3 goto out
  r5 = *(u8 *)(r2 + 0)
  r5 &= 1
  if r5 == 0 goto out
  r1 = 7
  r2 = 0
  call bpf_redirect
  out: exit`;

const odd = (...first: number[]): Uint8Array[] =>
  first.map((byte) => {
    const packet = ethernet(0x0800);
    packet[0] = byte;
    return packet;
  });

describe('a batch of translated events', () => {
  it('gives each event its own socket buffer', async () => {
    const [jit, interp] = await inBoth(MARK, { type: 'sched_cls' }, (program) =>
      both(program, frames(0x0800, 0x86dd, 0x0800), { mark: 3, cb: [4] }),
    );
    expect([...jit.batch.results]).toEqual([7n, 7n, 7n]);
    expect(jit).toEqual(interp);
  });

  it('tells the protocol of every kind of frame', async () => {
    const short = Uint8Array.of(1, 2, 3);
    const raw = ethernet(0x0100);
    raw.fill(0xff, 14, 16);
    const packets = [
      ...frames(0x0800, 0x05ff, 0x0600, 0x0010),
      raw,
      short,
      new Uint8Array(14),
      ethernet(0x86dd),
    ];
    for (const context of [{}, { protocol: 9 }, { linkHeader: 14 }]) {
      const [jit, interp] = await inBoth(PROTOCOL, { type: 'sched_cls' }, (program) =>
        both(program, packets, context),
      );
      expect(jit).toEqual(interp);
    }
  });

  it('goes on where the event before had moved its packet, or redirected it', async () => {
    for (const text of [ODD_MOVE, ODD_REDIRECT]) {
      const [jit, interp] = await inBoth(text, { type: 'xdp' }, (program) =>
        both(program, odd(1, 2, 3, 4, 4, 5)),
      );
      expect(jit).toEqual(interp);
    }
  });

  it('counts tail calls anew for each event', async () => {
    const maps = [mapSpec('stages', abi.MAP_TYPE_PROG_ARRAY, { valueSize: 4, maxEntries: 1 })];
    const text = `
      r6 = r1
      r2 = map[stages]
      r3 = 0
      call bpf_tail_call
      r0 = *(u32 *)(r6 + 4)
      r2 = *(u32 *)(r6 + 0)
      r0 -= r2
      exit`;
    const results: unknown[] = [];
    for (const engine of ENGINES) {
      using object = await openText(text, { ...engine, type: 'xdp', maps });
      const program = await object.program();
      object.setTailCall('stages', 0, program);
      results.push(both(program, frames(0x0800, 0x86dd, 0x0806)));
    }
    expect(results[0]).toEqual(results[1]);
  });

  it('ends only the event that traps, and knows which', async () => {
    // Trusted: reads where the first eight bytes say, and uses what it finds: loads for nothing are left out.
    const text = 'r2 = *(u64 *)(r1 + 0)\nr2 = *(u8 *)(r2 + 0)\n*(u8 *)(r1 + 0) = r2\nr0 = 1\nexit';
    using object = await openText(text, { engine: 'jit', trusted: true });
    const program = await object.program();
    const at = (address: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(address).buffer);
    const { results, traps } = program.runBatch([at(8192n), at(0xffff_fff0n), at(8192n), at(0xffff_fff1n)]);
    expect([...results]).toEqual([1n, 0n, 1n, 0n]);
    expect(traps.map(({ index, kind }) => ({ index, kind }))).toEqual([
      { index: 1, kind: 'memory' },
      { index: 3, kind: 'memory' },
    ]);
  });

  it('takes another context than the type has', async () => {
    using object = await openText('r0 = r2\nexit', {
      engine: 'jit',
      trusted: true,
      type: 'xdp',
      context: 'memory',
    });
    const { results } = (await object.program()).runBatch([new Uint8Array(3), new Uint8Array(70)]);
    expect([...results]).toEqual([3n, 70n]);
  });
});

describe('effects', () => {
  const effects = (text: string) => {
    const { insns } = decodeProgram(assemble(text).code);
    return effectsOf(checkStructure(programOf(insns)), trustedProof);
  };

  it('are told of helpers the runtime has itself, for those of the host may do anything', () => {
    const exports = WebAssembly.Module.exports(
      new WebAssembly.Module(readFileSync(new URL('../../build/runtime.wasm', import.meta.url))),
    ).map(({ name }) => name);
    for (const id of [...BLIND, ...LOOKING]) expect(exports).toContain(helperName(id));
  });

  it('grow with what is called and written', () => {
    expect(effects('r0 = 0\nexit')).toMatchObject({
      calls: false,
      sees: false,
      changes: false,
      writesContext: false,
    });
    expect(effects('call bpf_ktime_get_ns\nexit')).toMatchObject({ calls: true, sees: false });
    expect(effects('call bpf_xdp_get_buff_len\nexit')).toMatchObject({ sees: true, changes: false });
    expect(effects('call 9999\nexit')).toMatchObject({ sees: true, changes: true });
    expect(effects('*(u32 *)(r10 - 4) = r1\nr0 = 0\nexit')).toMatchObject({ writesContext: false });
    expect(effects('*(u32 *)(r1 + 0) = r1\nr0 = 0\nexit')).toMatchObject({ writesContext: true });
  });

  it('are left open where a program may keep what it was given', () => {
    expect(effects('call bpf_ringbuf_reserve\nexit')).toBeUndefined();
    expect(effects('call bpf_tail_call\nr0 = 0\nexit')).toBeUndefined();
  });
});

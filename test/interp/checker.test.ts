import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { WebpfError } from '../../src/errors.ts';
import type { MapSpec, ProgramType } from '../../src/frontend/program.ts';
import { Engine, programFromAssembly } from '../../src/index.ts';
import { type CheckOptions, FactViolation } from '../../src/interp/checker.ts';
import { checkedInterpreter } from '../../src/runtime/checked.ts';
import { interpreter, place } from '../../src/runtime/prepare.ts';
import { BpfProgram } from '../../src/runtime/program.ts';
import type { RunResult } from '../../src/runtime/result.ts';
import {
  type InsnFacts,
  type Proof,
  type RegisterFact,
  type StackFact,
  sandboxProof,
} from '../../src/verifier/proof.ts';
import { type Scalar, UNKNOWN } from '../../src/verifier/scalar.ts';
import { mapSpec } from '../conformance/maps.ts';

const ARRAY = mapSpec('array', abi.MAP_TYPE_ARRAY, 4, 12, 4);
const HASH = mapSpec('hash', abi.MAP_TYPE_HASH, 4, 8, 4);
const RING = mapSpec('ring', abi.MAP_TYPE_RINGBUF, 0, 0, 4096);

/** Enough for every context here. */
const CONTEXT = 64;

interface Case {
  readonly text: string;
  readonly facts?: Readonly<Record<number, InsnFacts>>;
  readonly stacks?: readonly StackFact[];
  readonly contextSize?: number;
  readonly type?: ProgramType;
  readonly maps?: readonly MapSpec[];
  readonly packet?: Uint8Array;
  readonly options?: CheckOptions;
}

/** Runs a program with a proof of the test's own. */
async function check({ text, facts = {}, stacks = [], maps = [], ...rest }: Case): Promise<RunResult> {
  const engine = await Engine.create({ engine: 'interp' });
  const program = programFromAssembly(text, { name: 'main', type: rest.type ?? 'xdp', maps });
  const own = maps.map((spec) => engine.createMap(spec));
  const placed = place(engine, program, { own, granted: own });
  const proof: Proof = {
    ...sandboxProof,
    mode: 'verified',
    contextSize: rest.contextSize ?? CONTEXT,
    facts: new Map(Object.entries(facts).map(([slot, fact]) => [Number(slot), fact])),
    stacks,
  };
  interpreter(engine, placed);
  const executor = checkedInterpreter(engine, placed, proof, rest.options);
  const identity = { id: placed.id, descriptor: placed.descriptor.address };
  return new BpfProgram(engine, program, placed.contextKind, identity, executor).run(
    rest.packet ?? new Uint8Array(16),
  );
}

/** What the run disproves. */
async function violation(one: Case): Promise<FactViolation> {
  const error = await check(one).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof WebpfError && error.cause instanceof FactViolation) return error.cause;
  throw new Error(`no fact was violated: ${String(error)}`);
}

const scalar = (change: Partial<Scalar>): Scalar => ({ ...UNKNOWN, ...change });
const reads = (register: number, fact: Partial<RegisterFact>): InsnFacts => ({
  registers: [{ register, kind: undefined, scalar: undefined, ...fact }],
});
const scalarOf = (register: number, change: Partial<Scalar>): InsnFacts =>
  reads(register, { kind: 'scalar', scalar: scalar(change) });

describe('facts about control flow', () => {
  const BRANCH = `
    r0 = 1
    if r0 == 1 goto out
    r0 = 2
    out: exit`;

  it('dead', async () => {
    expect((await check({ text: BRANCH, facts: { 2: { dead: true } } })).r0).toBe(1n);
    const found = await violation({ text: BRANCH, facts: { 3: { dead: true } } });
    expect(found).toMatchObject({ fact: 'dead', insn: 3, code: 'trap' });
    expect(found.message).toBe('main: the fact "dead" of instruction 3 does not hold: it is reached');
  });

  it('taken', async () => {
    expect((await check({ text: BRANCH, facts: { 1: { taken: true } } })).r0).toBe(1n);
    const found = await violation({ text: BRANCH, facts: { 1: { taken: false } } });
    expect(found).toMatchObject({ fact: 'taken', insn: 1, value: 3n });
    const straight = BRANCH.replace('r0 == 1', 'r0 == 3');
    expect((await check({ text: straight, facts: { 1: { taken: false } } })).r0).toBe(2n);
    expect(await violation({ text: straight, facts: { 1: { taken: true } } })).toMatchObject({
      fact: 'taken',
    });
  });
});

describe('facts about scalars', () => {
  const text = `
    r1 = -5
    r0 = r1
    exit`;

  it.each<[string, Partial<Scalar>, Partial<Scalar>]>([
    ['bits', { value: 3n, mask: ~0x7n & UNKNOWN.mask }, { value: 2n, mask: ~0x7n & UNKNOWN.mask }],
    ['constant', { value: UNKNOWN.umax - 4n, mask: 0n }, { value: 5n, mask: 0n }],
    ['umin', { umin: 100n }, { umin: UNKNOWN.umax }],
    ['umax', { umax: UNKNOWN.umax - 4n }, { umax: 100n }],
    ['smin', { smin: -5n }, { smin: -4n }],
    ['smax', { smax: -5n }, { smax: -6n }],
    ['u32min', { u32min: 0xffff_fffbn }, { u32min: 0xffff_fffcn }],
    ['u32max', { u32max: 0xffff_fffbn }, { u32max: 0xffff_fffan }],
    ['s32min', { s32min: -5n }, { s32min: -4n }],
    ['s32max', { s32max: -5n }, { s32max: -6n }],
  ])('%s', async (_, holds, fails) => {
    await check({ text, facts: { 1: scalarOf(1, holds) } });
    const found = await violation({ text, facts: { 1: scalarOf(1, fails) } });
    expect(found).toMatchObject({ fact: 'scalar', insn: 1, value: UNKNOWN.umax - 4n });
    expect(found.message).toContain('r1 is 0xfffffffffffffffb');
  });
});

describe('facts about kinds', () => {
  const text = `
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = map[array]
    r5 = 0
    r6 = 12345678901234567890 ll
    r7 = subprog[body]
    r0 = 0
    exit
    body: r0 = 0
    exit`;
  // By register: a kind that holds at the end of the main function.
  it.each([
    [1, 'ctx'],
    [2, 'pkt'],
    [3, 'pkt_end'],
    [4, 'map_ptr'],
    [5, 'map_value_or_null'],
    [5, 'scalar'],
    [2, 'mem'],
    [7, 'func'],
    [10, 'fp'],
  ])('r%i is %s', async (register, kind) => {
    await check({ text, maps: [ARRAY], facts: { 10: reads(register, { kind }) } });
  });
  it.each([
    [5, 'ctx'],
    [6, 'pkt'],
    [2, 'pkt_end'],
    [1, 'map_ptr'],
    [5, 'map_value'],
    [6, 'map_value_or_null'],
    [6, 'mem'],
    [4, 'func'],
    [5, 'fp'],
    [6, 'fp'],
  ])('r%i is no %s', async (register, kind) => {
    const found = await violation({ text, maps: [ARRAY], facts: { 10: reads(register, { kind }) } });
    expect(found).toMatchObject({ fact: 'kind', insn: 10 });
  });
});

const LOOKUP = `
    *(u32 *)(r10 - 4) = 2
    r1 = map[array]
    r2 = r10
    r2 += -4
    call bpf_map_lookup_elem
    if r0 == 0 goto out
    r1 = *(u32 *)(r0 + 8)
    r2 = *(u64 *)(r0 + 8)
    out: r0 = 0
    exit`;

describe('facts about memory', () => {
  it('a value of a map, not its neighbour', async () => {
    const maps = [ARRAY];
    await check({ text: LOOKUP, maps, facts: { 7: { memory: 'map_value' } } });
    const found = await violation({ text: LOOKUP, maps, facts: { 8: { memory: 'map_value' } } });
    expect(found).toMatchObject({ fact: 'memory', insn: 8 });
  });

  it('packet, context and stack', async () => {
    const text = `
      r2 = *(u32 *)(r1 + 0)
      r3 = *(u8 *)(r2 + 15)
      *(u64 *)(r10 - 8) = 1
      r0 = 0
      exit`;
    const kinds = ['ctx', 'pkt', 'fp'];
    for (const [slot, kind] of kinds.entries()) {
      await check({ text, facts: { [slot]: { memory: kind, safe: true } } });
      for (const other of kinds.filter((one) => one !== kind)) {
        const found = await violation({ text, facts: { [slot]: { memory: other } } });
        expect(found).toMatchObject({ fact: 'memory', insn: slot });
      }
    }
  });

  it('so much of the context', async () => {
    const text = `
      r2 = *(u32 *)(r1 + 16)
      r0 = 0
      exit`;
    const facts = { 0: { memory: 'ctx' } };
    await check({ text, facts, contextSize: 20 });
    expect(await violation({ text, facts, contextSize: 16 })).toMatchObject({ fact: 'contextSize', insn: 0 });
  });

  it('metadata in front of a packet', async () => {
    const text = `
      r6 = r1
      r2 = -8
      call bpf_xdp_adjust_meta
      r2 = *(u32 *)(r6 + 8)
      r3 = *(u64 *)(r2 + 0)
      r3 = *(u64 *)(r2 + 8)
      r0 = 0
      exit`;
    await check({ text, facts: { 4: { memory: 'pkt_meta' }, 5: { memory: 'pkt' } } });
    expect(await violation({ text, facts: { 5: { memory: 'pkt_meta' } } })).toMatchObject({ insn: 5 });
    expect(await violation({ text, facts: { 4: { memory: 'pkt' } } })).toMatchObject({ insn: 4 });
  });

  it('a record of a ring buffer', async () => {
    const text = `
      r1 = map[ring]
      r2 = 16
      r3 = 0
      call bpf_ringbuf_reserve
      if r0 == 0 goto out
      *(u64 *)(r0 + 8) = 1
      r1 = r0
      r2 = 0
      call bpf_ringbuf_discard
      *(u64 *)(r10 - 8) = 1
      out: r0 = 0
      exit`;
    await check({ text, maps: [RING], facts: { 6: { memory: 'ringbuf_mem' } } });
    const found = await violation({ text, maps: [RING], facts: { 10: { memory: 'ringbuf_mem' } } });
    expect(found).toMatchObject({ fact: 'memory', insn: 10 });
  });

  it('safe', async () => {
    const text = `
      r2 = *(u32 *)(r1 + 0)
      r0 = *(u8 *)(r2 + 16)
      exit`;
    const found = await violation({ text, facts: { 1: { safe: true } } });
    expect(found).toMatchObject({ fact: 'safe', insn: 1 });
    // Without the fact it is the sandbox's trap.
    await expect(check({ text })).rejects.toThrow('outside the memory it was given');
    await check({ text, facts: { 1: { safe: true } }, packet: new Uint8Array(17) });
  });
});

describe('facts about calls', () => {
  const maps = [ARRAY, HASH];
  const fact = { map: 0, keySize: 4, valueSize: 12, key: 2 };
  it('the map and the key', async () => {
    await check({ text: LOOKUP, maps, facts: { 5: { mapCall: fact } } });
    await check({ text: LOOKUP, maps, facts: { 5: { mapCall: { ...fact, key: undefined } } } });
  });
  it.each([{ map: 1 }, { key: 3 }, { keySize: 8 }, { valueSize: 8 }])('not %o', async (wrong) => {
    const found = await violation({ text: LOOKUP, maps, facts: { 5: { mapCall: { ...fact, ...wrong } } } });
    expect(found).toMatchObject({ fact: 'mapCall', insn: 5 });
  });
});

describe('facts about the stack', () => {
  const stack = (start: number, depth: number, escaping: readonly number[] = []): StackFact => {
    return { start, depth, escaping };
  };

  it('how deep it is', async () => {
    const text = `
      *(u32 *)(r10 - 20) = 1
      r0 = 0
      exit`;
    await check({ text, stacks: [stack(0, 20)] });
    expect(await violation({ text, stacks: [stack(0, 16)] })).toMatchObject({ fact: 'depth', insn: 0 });
  });

  it('what a helper is given escapes', async () => {
    await check({ text: LOOKUP, maps: [ARRAY], stacks: [stack(0, 8, [0])] });
    const found = await violation({ text: LOOKUP, maps: [ARRAY], stacks: [stack(0, 8)] });
    expect(found).toMatchObject({ fact: 'escaping', insn: 5, value: 0n });
  });

  it('what another function touches escapes', async () => {
    const text = `
      *(u64 *)(r10 - 16) = 1
      r1 = r10
      call body
      r0 = 0
      exit
      body:
      *(u64 *)(r10 - 8) = r1
      r0 = *(u64 *)(r1 - 16)
      exit`;
    await check({ text, stacks: [stack(0, 16, [1]), stack(5, 8)] });
    const found = await violation({ text, stacks: [stack(0, 16, [0]), stack(5, 8)] });
    expect(found).toMatchObject({ fact: 'escaping', insn: 6, value: 1n });
  });

  it('what has a computed offset escapes', async () => {
    const text = `
      r1 = 2
      again:
      r1 += -1
      r2 = r1
      r2 <<= 3
      r2 += r10
      *(u64 *)(r2 - 16) = r1
      if r1 != 0 goto again
      r0 = 0
      exit`;
    await check({ text, stacks: [stack(0, 16, [0, 1])] });
    for (const escaping of [[0], [1], []]) {
      const found = await violation({ text, stacks: [stack(0, 16, escaping)] });
      expect(found).toMatchObject({ fact: 'escaping', insn: 5 });
    }
  });
});

describe('callbacks', () => {
  const text = `
    *(u64 *)(r10 - 8) = 0
    r1 = 3
    r2 = subprog[outer]
    r3 = r10
    r3 += -8
    r4 = 0
    call bpf_loop
    r0 = *(u64 *)(r10 - 8)
    exit
    outer:
    r3 = r2
    r1 = 2
    r2 = subprog[inner]
    r4 = 0
    call bpf_loop
    r0 = 0
    exit
    inner:
    r3 = *(u64 *)(r2 + 0)
    r3 += 1
    *(u64 *)(r2 + 0) = r3
    r0 = 0
    exit`;
  const INNER = 18;

  it('are stepped through, one in the other', async () => {
    for (const poison of [true, false]) expect((await check({ text, options: { poison } })).r0).toBe(6n);
    const found = await violation({ text, facts: { [INNER]: scalarOf(1, { umax: 0n }) } });
    expect(found).toMatchObject({ fact: 'scalar', insn: INNER, value: 1n });
    const stacks = [{ start: 0, depth: 8, escaping: [] }];
    expect(await violation({ text, stacks })).toMatchObject({ fact: 'escaping', insn: INNER });
  });

  it('are given the elements of a map', async () => {
    const each = `
      *(u32 *)(r10 - 4) = 5
      *(u64 *)(r10 - 16) = 7
      r1 = map[hash]
      r2 = r10
      r2 += -4
      r3 = r10
      r3 += -16
      r4 = 0
      call bpf_map_update_elem
      r1 = map[hash]
      r2 = subprog[body]
      r3 = 0
      r4 = 0
      call bpf_for_each_map_elem
      exit
      body:
      r0 = *(u32 *)(r2 + 0)
      r1 = *(u64 *)(r3 + 0)
      r0 = 0
      exit`;
    const facts = {
      18: { ...reads(1, { kind: 'map_ptr' }), memory: 'map_key' },
      19: { ...reads(3, { kind: 'map_value' }), memory: 'map_value' },
    };
    expect((await check({ text: each, maps: [HASH], facts, options: { poison: true } })).r0).toBe(1n);
    const swapped = { 18: { memory: 'map_value' } };
    expect(await violation({ text: each, maps: [HASH], facts: swapped })).toMatchObject({ insn: 18 });
  });
});

describe('poison', () => {
  it('is where nothing was written', async () => {
    const text = `
      r1 = *(u64 *)(r10 - 8)
      r0 = r6
      r0 |= r1
      exit`;
    expect((await check({ text })).r0).toBe(0n);
    expect((await check({ text, options: { poison: true } })).r0).not.toBe(0n);
  });

  it('is where a call leaves nothing', async () => {
    const text = `
      r1 = 0
      r2 = 0
      call bpf_ktime_get_ns
      r0 = r1
      r0 |= r2
      exit`;
    expect((await check({ text, options: { poison: true } })).r0).not.toBe(0n);
  });
});

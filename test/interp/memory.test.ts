import { describe, expect, it } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import { TRAP_MEMORY, TRAP_MISALIGNED } from '../../src/abi/traps.ts';
import type { AtomicOp, Insn, Size } from '../../src/isa/insn.ts';
import { sandboxProof, trustedProof } from '../../src/verifier/proof.ts';
import { execute, Machine, type MemoryKind, type Outcome, type ProgramInput } from './harness.ts';
import * as i from './insns.ts';

const PACKET = [
  0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
];
const SIZES: readonly Size[] = [1, 2, 4, 8];
const proofs = [sandboxProof, trustedProof];

const run = (insns: ProgramInput['insns'], more: Partial<ProgramInput> = {}): Outcome =>
  execute({ insns: [...insns, i.exit], ...more }, { packet: PACKET });

describe.each(proofs)('loads and stores, $mode', (proof) => {
  it.each([
    [1, 0x81n, 0xffff_ffff_ffff_ff81n],
    [2, 0x8281n, 0xffff_ffff_ffff_8281n],
    [4, 0x8483_8281n, 0xffff_ffff_8483_8281n],
  ] as const)('loads %i bytes, zero- and sign-extended', (size, zero, sign) => {
    expect(run([i.load(size, 0, 1, 0)], { proof }).r0).toBe(zero);
    expect(run([i.load(size, 0, 1, 0, true)], { proof }).r0).toBe(sign);
  });

  it('loads 8 bytes, unaligned too, at negative offsets too', () => {
    expect(run([i.load(8, 0, 1, 1)], { proof }).r0).toBe(0x0188_8786_8584_8382n);
    const insns = [i.alu('add', 1, 8), i.load(8, 0, 1, -8)];
    expect(run(insns, { proof }).r0).toBe(0x8887_8685_8483_8281n);
  });

  it.each(SIZES)('stores %i bytes of a register', (size) => {
    const insns = [...i.lddw(3, 0x1112_1314_1516_1718n), i.store(size, 1, 4, i.r(3))];
    const bytes = [0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11].slice(0, size);
    expect(run(insns, { proof }).packet).toEqual([
      ...PACKET.slice(0, 4),
      ...bytes,
      ...PACKET.slice(4 + size),
    ]);
  });

  it.each(SIZES)('stores %i bytes of an immediate, sign-extended', (size) => {
    const bytes = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff].slice(0, size);
    const { packet } = run([i.store(size, 1, 1, -2)], { proof });
    expect(packet).toEqual([...PACKET.slice(0, 1), ...bytes, ...PACKET.slice(1 + size)]);
  });

  it('loads with acquire and stores with release, all sizes', () => {
    for (const size of SIZES) {
      const insns = [i.loadAcquire(size, 0, 1, 0), i.storeRelease(size, 1, 8, 0)];
      const { r0, packet } = run(insns, { proof });
      expect(r0).toBe(BigInt.asUintN(8 * size, 0x8887_8685_8483_8281n));
      expect(packet).toEqual([...PACKET.slice(0, 8), ...PACKET.slice(0, size), ...PACKET.slice(8 + size)]);
    }
  });
});

describe.each(['plain', 'shared'] as const)('atomics, %s memory', (kind: MemoryKind) => {
  const machine = new Machine(kind);
  const OLD = 0xf0f1_f2f3_f4f5_f6f7n;
  const OPERAND = 0x8899_aabb_ccdd_eeffn;
  const apply: Record<AtomicOp, (old: bigint, value: bigint) => bigint> = {
    add: (old, value) => old + value,
    or: (old, value) => old | value,
    and: (old, value) => old & value,
    xor: (old, value) => old ^ value,
    xchg: (_, value) => value,
    cmpxchg: (old) => old,
  };
  const cases = (Object.keys(apply) as AtomicOp[]).flatMap((op) =>
    ([4, 8] as const).flatMap((size) =>
      (op.includes('xchg') ? [true] : [false, true]).flatMap((fetch) =>
        proofs.map((proof) => ({ op, size, fetch, proof, mode: proof.mode })),
      ),
    ),
  );
  const body = (...insns: readonly Insn[]): ProgramInput['insns'] => [
    ...i.lddw(3, OLD),
    i.store(8, 10, -8, i.r(3)),
    ...i.lddw(4, OPERAND),
    ...insns,
  ];

  it.each(cases)('$op of $size bytes, fetch $fetch, $mode', ({ op, size, fetch, proof }) => {
    const insns = body(i.atomic(op, fetch, size, 10, -8, 4), i.load(8, 5, 10, -8));
    const left = (register: number): bigint =>
      machine.execute(machine.program({ insns: [...insns, i.mov(0, i.r(register)), i.exit], proof })).r0;
    const bits = 8 * size;
    const low = BigInt.asUintN(bits, apply[op](OLD, OPERAND));
    expect(left(5)).toBe(((OLD >> BigInt(bits)) << BigInt(bits)) | low);
    expect(left(4)).toBe(fetch && op !== 'cmpxchg' ? BigInt.asUintN(bits, OLD) : OPERAND);
  });

  it('cmpxchg compares its own size only, and always sets r0', () => {
    const outcome = (r0: bigint, size: 4 | 8) => {
      const insns = [...body(...(i.lddw(0, r0) as Insn[]), i.atomic('cmpxchg', true, size, 10, -8, 4))];
      const read = [i.load(8, 5, 10, -8), i.exit];
      const found = machine.execute(machine.program({ insns: [...insns, ...read] })).r0;
      const stored = machine.execute(machine.program({ insns: [...insns, i.load(8, 0, 10, -8), i.exit] })).r0;
      return [found, stored];
    };
    expect(outcome(0x1111_1111_f4f5_f6f7n, 4)).toEqual([0xf4f5_f6f7n, 0xf0f1_f2f3_ccdd_eeffn]);
    expect(outcome(0xf4f5_f6f8n, 4)).toEqual([0xf4f5_f6f7n, OLD]);
    expect(outcome(OLD, 8)).toEqual([OLD, OPERAND]);
    expect(outcome(0n, 8)).toEqual([OLD, OLD]);
  });
});

describe('the sandbox', () => {
  /** The trap of one access at `address`, the third instruction slot on. */
  const trapAt = (machine: Machine, address: bigint, access: Insn, input: Partial<ProgramInput> = {}) =>
    machine.execute(machine.program({ insns: [...i.lddw(3, address), access, i.exit], ...input }), {
      packet: PACKET,
    }).trap;
  const wild = [0n, 1n, 64n, BigInt(layout.HEADER), 0xffff_fff8n, 0x1_0000_0000n, 0xffff_ffff_ffff_fff8n];

  it.each(wild)('refuses address %i, for loads, stores and atomics', (address) => {
    const machine = new Machine();
    const accesses = [i.load(8, 0, 3, 0), i.store(8, 3, 0, 1), i.atomic('add', false, 8, 3, 0, 0)];
    for (const access of accesses) {
      expect(trapAt(machine, address, access)).toEqual({ kind: TRAP_MEMORY, pc: 2, value: address });
    }
    const acquire = trapAt(machine, address + 8n, i.loadAcquire(4, 0, 3, -8));
    expect(acquire?.value).toBe(BigInt.asUintN(64, address));
    expect(trapAt(machine, address, i.storeRelease(1, 3, 0, 0))?.kind).toBe(TRAP_MEMORY);
  });

  it('lets no address wrap around or lose its high half', () => {
    const machine = new Machine();
    const stack = BigInt(machine.stackTop);
    expect(trapAt(machine, stack - 8n, i.load(8, 0, 3, 0))).toBeUndefined();
    expect(trapAt(machine, stack - 8n + (1n << 32n), i.load(8, 0, 3, 0))?.kind).toBe(TRAP_MEMORY);
    expect(trapAt(machine, (1n << 64n) - 4n, i.load(8, 0, 3, 0))?.kind).toBe(TRAP_MEMORY);
    expect(trapAt(machine, 0x7fffn, i.load(1, 0, 3, -0x8000))?.value).toBe(0xffff_ffff_ffff_ffffn);
  });

  it.each(SIZES)('ends the stack where it ends, for %i bytes', (size) => {
    const machine = new Machine();
    const top = BigInt(machine.stackTop);
    const bottom = top - BigInt(layout.MAX_FRAMES * layout.FRAME_SIZE);
    expect(trapAt(machine, top - BigInt(size), i.store(size, 3, 0, 1))).toBeUndefined();
    expect(trapAt(machine, top - BigInt(size) + 1n, i.store(size, 3, 0, 1))?.kind).toBe(TRAP_MEMORY);
    expect(trapAt(machine, bottom, i.load(size, 0, 3, 0))).toBeUndefined();
    expect(trapAt(machine, bottom - 1n, i.load(size, 0, 3, 0))?.kind).toBe(TRAP_MEMORY);
  });

  it('ends the packet where it ends', () => {
    const last = run([i.load(8, 0, 1, 8)]);
    expect(last.trap).toBeUndefined();
    expect(run([i.load(8, 0, 1, 9)]).trap).toMatchObject({ kind: TRAP_MEMORY, pc: 0 });
    expect(run([i.load(1, 0, 1, -1)]).trap).toMatchObject({ kind: TRAP_MEMORY, pc: 0 });
  });

  it('gives map values as the regions say', () => {
    const machine = new Machine();
    const area = machine.exports.alloc(96);
    const regions = [0, 32, 64].map((at) => [area + at, area + at + 16, at !== 32] as const);
    const at = (offset: number, access: Insn) => trapAt(machine, BigInt(area + offset), access, { regions });
    for (const offset of [0, 8, 32, 40, 64, 72]) {
      expect(at(offset, i.load(8, 0, 3, 0))).toBeUndefined();
    }
    for (const offset of [-8, 9, 16, 24, 28, 48, 60, 80]) {
      expect(at(offset, i.load(8, 0, 3, 0))?.kind).toBe(TRAP_MEMORY);
    }
    expect(at(64, i.store(8, 3, 0, 1))).toBeUndefined();
    expect(at(32, i.store(8, 3, 0, 1))?.kind).toBe(TRAP_MEMORY);
    expect(at(32, i.atomic('add', false, 8, 3, 0, 0))?.kind).toBe(TRAP_MEMORY);
  });

  it('refuses misaligned atomics, after the check of the memory', () => {
    const atomic = (off: number) => run([i.atomic('add', false, 8, 1, off, 0)]).trap;
    expect(atomic(8)).toBeUndefined();
    expect(atomic(4)).toMatchObject({ kind: TRAP_MISALIGNED, pc: 0 });
    expect(atomic(12)).toMatchObject({ kind: TRAP_MEMORY, pc: 0 });
    expect(run([i.atomic('xor', true, 4, 1, 2, 0)]).trap?.kind).toBe(TRAP_MISALIGNED);
    expect(run([i.loadAcquire(2, 0, 1, 1)]).trap?.kind).toBe(TRAP_MISALIGNED);
    expect(run([i.storeRelease(4, 1, 3, 0)]).trap?.kind).toBe(TRAP_MISALIGNED);
  });

  it('does not check accesses that the proof calls safe', () => {
    const machine = new Machine();
    const secret = machine.place(new Uint8Array([42]));
    const facts = new Map([[2, { safe: true }]]);
    const insns = [...i.lddw(3, BigInt(secret)), i.load(1, 0, 3, 0), i.exit];
    expect(machine.execute(machine.program({ insns, proof: { ...sandboxProof, facts } })).r0).toBe(42n);
    expect(machine.execute(machine.program({ insns })).trap?.kind).toBe(TRAP_MEMORY);
  });

  it('zeroes the stack between runs', () => {
    const machine = new Machine();
    const prog = machine.program({ insns: [i.load(8, 0, 10, -8), i.store(8, 10, -8, 7), i.exit] });
    expect([machine.execute(prog).r0, machine.execute(prog).r0]).toEqual([0n, 0n]);
  });
});

describe('packet instructions', () => {
  const skb = { context: layout.CTX_SKB };

  it.each([
    [1, 0, 0x81n],
    [2, 1, 0x8283n],
    [4, 12, 0x0506_0708n],
  ] as const)('ld_abs of %i bytes at %i', (size, at, value) => {
    expect(run([i.packet(size, at)], skb).r0).toBe(value);
    expect(run([i.mov(3, at - 1), i.packet(size, 1, 3)], skb).r0).toBe(value);
  });

  it.each([
    [1, 16],
    [2, 15],
    [4, 13],
    [4, -1],
    [1, 0x7fffffff],
  ] as const)('%i bytes at %i end the program with 0', (size, at) => {
    const { r0, trap } = run([i.mov(0, 5), i.packet(size, at), i.mov(0, 6)], skb);
    expect([r0, trap]).toEqual([0n, undefined]);
  });

  it('adds the low half of the register, as 32 bits', () => {
    expect(run([...i.lddw(3, 0x1_0000_0001n), i.packet(1, 0, 3)], skb).r0).toBe(0x82n);
    expect(run([i.mov(3, -1), i.packet(1, 1, 3)], skb).r0).toBe(0x81n);
  });
});

describe('contexts', () => {
  it('xdp_md holds data, data_end and data_meta', () => {
    const insns = [i.load(4, 2, 1, layout.XDP_MD_DATA), i.load(4, 0, 1, layout.XDP_MD_DATA_END)];
    expect(run([...insns, i.alu('sub', 0, i.r(2))], { context: layout.CTX_XDP }).r0).toBe(16n);
    const meta = [i.load(4, 2, 1, layout.XDP_MD_DATA), i.load(4, 0, 1, layout.XDP_MD_DATA_META)];
    expect(run([...meta, i.alu('sub', 0, i.r(2))], { context: layout.CTX_XDP }).r0).toBe(0n);
  });

  it('packet bytes are reached through xdp_md.data', () => {
    const insns = [i.load(4, 2, 1, layout.XDP_MD_DATA), i.load(2, 0, 2, 0)];
    expect(run(insns, { context: layout.CTX_XDP }).r0).toBe(0x8281n);
  });

  it('ends xdp_md and __sk_buff where they end', () => {
    for (const [context, size] of [
      [layout.CTX_XDP, layout.XDP_MD_SIZE],
      [layout.CTX_SKB, layout.SKB_SIZE],
    ] as const) {
      expect(run([i.load(4, 0, 1, size - 4)], { context }).trap).toBeUndefined();
      expect(run([i.load(4, 0, 1, size)], { context }).trap?.kind).toBe(TRAP_MEMORY);
    }
  });

  it('__sk_buff takes what the host set, and the length of the packet', () => {
    const machine = new Machine();
    machine.setU32(machine.run + layout.RUN_SKB_TEMPLATE + layout.SKB_MARK, 77);
    const insns = [
      i.load(4, 0, 1, layout.SKB_LEN),
      i.load(4, 2, 1, layout.SKB_MARK),
      i.alu('add', 0, i.r(2)),
    ];
    const prog = machine.program({ insns: [...insns, i.exit], ...{ context: layout.CTX_SKB } });
    expect(machine.execute(prog, { packet: PACKET }).r0).toBe(93n);
  });
});

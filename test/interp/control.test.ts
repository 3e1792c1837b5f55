import { describe, expect, it } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import { MAP_TYPE_PROG_ARRAY } from '../../src/abi/maps.ts';
import {
  TRAP_BAD_FUNCTION,
  TRAP_BAD_MAP,
  TRAP_BUDGET,
  TRAP_CALL_DEPTH,
  TRAP_MEMORY,
  TRAP_UNSUPPORTED,
} from '../../src/abi/traps.ts';
import { MAY_GOTO_LOOPS } from '../../src/interp/window.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { sandboxProof, trustedProof } from '../../src/verifier/proof.ts';
import { execute, Machine, type ProgramInput } from './harness.ts';
import * as i from './insns.ts';

const loop = (turns: number): Insn[] => [
  i.mov(1, turns),
  i.alu('sub', 1, 1),
  i.jump('jne', 1, 0, -2),
  i.exit,
];

describe('jumps', () => {
  it('goes forward over lddw, and backward', () => {
    const insns = [i.ja(2), ...i.lddw(0, 1n), i.mov(0, 5), i.ja(0), i.exit];
    expect(execute({ insns }).r0).toBe(5n);
    expect(execute({ insns: loop(1000) }).insns).toBe(2002n);
  });

  it.each([sandboxProof, trustedProof])('reaches 30,000 slots far, $mode', (proof) => {
    const filler = Array.from({ length: 30_000 }, () => i.alu('add', 0, 1));
    const insns = [i.ja(30_000), ...filler, i.jump('jeq', 0, 0, -30_001), i.exit];
    expect(execute({ insns, proof }).r0).toBe(30_000n);
  });

  it('may_goto falls through as often as the kernel lets it, in each frame', () => {
    const body = [i.mayGoto(2), i.alu('add', 0, 1), i.ja(-3), i.exit];
    const insns = [
      i.callLocal(4),
      i.mov(6, i.r(0)),
      i.callLocal(2),
      i.alu('add', 0, i.r(6)),
      i.exit,
      ...body,
    ];
    expect(execute({ insns, functions: [5], proof: trustedProof }).r0).toBe(2n * BigInt(MAY_GOTO_LOOPS));
  });

  it('traps at what is no instruction', () => {
    const outcome = execute({ insns: [i.mov(0, 1)] });
    expect(outcome.trap).toMatchObject({ kind: TRAP_UNSUPPORTED, pc: 1 });
  });
});

describe('the budget', () => {
  /** Of `budget`, what three turns of a loop of two instructions leave: two jumps back of 2 each. */
  it('pays for what lies between a jump back and its target, no more', () => {
    expect(execute({ insns: loop(3) }, { budget: 4 }).trap).toBeUndefined();
    expect(execute({ insns: loop(3) }, { budget: 3 }).trap).toMatchObject({ kind: TRAP_BUDGET, pc: 2 });
  });

  it('ends a jump to itself', () => {
    expect(execute({ insns: [i.ja(-1)] }, { budget: 1000 })).toMatchObject({
      trap: { kind: TRAP_BUDGET, pc: 0 },
      insns: 1001n,
    });
  });

  it('pays for calls by the length of the callee', () => {
    const insns = [i.callLocal(2), i.callLocal(1), i.exit, i.mov(0, 1), i.mov(0, 2), i.exit];
    const run = (budget: number) => execute({ insns, functions: [3] }, { budget });
    expect(run(6).r0).toBe(2n);
    expect(run(5).trap).toMatchObject({ kind: TRAP_BUDGET, pc: 1 });
    expect(run(2).trap).toMatchObject({ kind: TRAP_BUDGET, pc: 0 });
  });

  it('is not for trusted programs', () => {
    expect(execute({ insns: loop(1000), proof: trustedProof }, { budget: 1 }).trap).toBeUndefined();
  });
});

describe('local calls', () => {
  it('keep r1 to r9 of the caller, and give the callee r1 to r5, r10 - 512 and zeroes', () => {
    const registers = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const insns: Insn[] = [
      i.mov(0, 99),
      ...registers.map((n) => i.mov(n, 1 << n)),
      i.callLocal(12),
      ...registers.map((n) => i.alu('add', 0, i.r(n))),
      i.store(8, 10, -8, i.r(0)),
      i.load(8, 0, 10, -8),
      i.exit,
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => i.alu('add', 0, i.r(n))),
      ...registers.map((n) => i.mov(n, -1)),
      i.store(8, 10, -8, 1),
      i.exit,
    ];
    expect(execute({ insns, functions: [23] }).r0).toBe(62n + 1022n);
  });

  it('puts frames 512 bytes apart', () => {
    const insns = [
      i.mov(6, i.r(10)),
      i.callLocal(2),
      i.alu('sub', 0, i.r(6)),
      i.exit,
      i.mov(0, i.r(10)),
      i.exit,
    ];
    expect(execute({ insns, functions: [4] }).r0).toBe(BigInt.asUintN(64, -512n));
  });

  /** Each function calls the next; the last one returns 7. */
  const chain = (frames: number): ProgramInput => {
    const calls = Array.from({ length: frames - 1 }, () => [i.callLocal(1), i.exit]).flat();
    return {
      insns: [...calls, i.mov(0, 7), i.exit],
      functions: Array.from({ length: frames }, (_, n) => 2 * n),
    };
  };

  it.each([sandboxProof, trustedProof])('nest to 8 frames, $mode', (proof) => {
    expect(execute({ ...chain(8), proof }).r0).toBe(7n);
    expect(execute({ ...chain(9), proof }).trap).toMatchObject({ kind: TRAP_CALL_DEPTH, pc: 14 });
  });

  it('a trap in a callee tells its slot', () => {
    const insns = [i.callLocal(1), i.exit, i.mov(1, 0), i.load(8, 0, 1, 0), i.exit];
    expect(execute({ insns, functions: [2] }).trap).toEqual({ kind: TRAP_MEMORY, pc: 3, value: 0n });
  });

  it('a packet out of range ends the callee alone', () => {
    const insns = [i.callLocal(2), i.alu('add', 0, 3), i.exit, i.mov(0, 1), i.packet(1, 9), i.exit];
    expect(execute({ insns, functions: [3] }).r0).toBe(3n);
  });
});

describe('callx', () => {
  const callee = [i.mov(0, i.r(1)), i.alu('add', 0, 1), i.exit];
  const insns = [...i.lddw(6, 4n, 4), i.mov(1, 41), i.callx(6), i.exit, ...callee];
  const input = { insns: [i.mov(9, 0), ...insns], functions: [6], addressTaken: [1] };

  it('calls the function whose address a register holds', () => {
    expect(execute(input).r0).toBe(42n);
    expect(execute({ ...input, proof: trustedProof }).r0).toBe(42n);
  });

  it.each([sandboxProof, trustedProof])('refuses anything else, $mode', (proof) => {
    const wild = (change: Insn) => {
      const changed = [...input.insns.slice(0, 3), change, i.callx(6), i.exit, ...callee];
      return execute({ ...input, insns: changed, proof }).trap;
    };
    expect(wild(i.alu('add', 6, 8))).toMatchObject({ kind: TRAP_BAD_FUNCTION, pc: 4 });
    expect(wild(i.alu('add', 6, 16))).toMatchObject({ kind: TRAP_BAD_FUNCTION, pc: 4 });
    expect(wild(i.mov(6, 0))).toMatchObject({ kind: TRAP_BAD_FUNCTION, pc: 4 });
    expect(wild(i.alu('or', 6, -0x80000000))).toMatchObject({ kind: TRAP_BAD_FUNCTION, pc: 4 });
  });

  it('calls a helper by its number, all but tail calls', () => {
    const machine = new Machine();
    machine.hostResult = (id, r1) => BigInt(id) + r1;
    const by = (number: number) =>
      machine.execute(machine.program({ insns: [i.mov(1, 1), i.mov(6, number), i.callx(6), i.exit] }));
    expect(by(77).r0).toBe(78n);
    expect(machine.u32(machine.run + layout.RUN_PC)).toBe(2);
    for (const number of [0, 12, 212, -1]) expect(by(number).trap?.kind).toBe(TRAP_BAD_FUNCTION);
  });

  it('spends the length of the callee', () => {
    expect(execute(input, { budget: 3 }).r0).toBe(42n);
    expect(execute(input, { budget: 2 }).trap).toMatchObject({ kind: TRAP_BUDGET, pc: 4 });
  });
});

describe('helpers', () => {
  const call: Insn[] = [
    ...[1, 2, 3, 4, 5].map((n) => i.mov(n, n * 11)),
    i.mov(6, 6),
    i.call(9999),
    i.alu('add', 0, i.r(5)),
    i.exit,
  ];

  it('are given r1 to r5, and change r0 alone', () => {
    const machine = new Machine();
    machine.hostResult = () => 100n;
    expect(machine.execute(machine.program({ insns: call })).r0).toBe(155n);
    expect(machine.calls).toEqual([[9999, 11n, 22n, 33n, 44n, 55n]]);
  });

  it('find the slot of the call and the frame in the run state', () => {
    const machine = new Machine();
    let seen: number[] = [];
    machine.hostResult = () => {
      seen = [machine.u32(machine.run + layout.RUN_PC), machine.u32(machine.run + layout.RUN_FRAME)];
      return 0n;
    };
    const insns = [i.callLocal(1), i.exit, ...call];
    machine.execute(machine.program({ insns, functions: [2] }));
    expect(seen).toEqual([8, machine.stackTop - 512]);
  });

  it('count as executed what came before a throw', () => {
    const machine = new Machine();
    machine.hostResult = () => {
      throw new Error('from the host');
    };
    expect(() => machine.execute(machine.program({ insns: call }))).toThrow('from the host');
    expect(machine.u64(machine.run + layout.RUN_INSNS)).toBe(7n);
  });
});

describe('tail calls', () => {
  /** A program array whose slots hold the programs of `inputs`, made with that array as their map 0. */
  const setUp = (inputs: readonly ProgramInput[], slots = inputs.length) => {
    const machine = new Machine();
    const map = machine.exports.mapCreate(MAP_TYPE_PROG_ARRAY, 4, 4, Math.max(1, slots), 0, 0);
    const programs = inputs.map((input) => machine.program({ ...input, maps: [map] }));
    const key = machine.exports.alloc(4);
    const value = machine.exports.alloc(4);
    programs.forEach((program, index) => {
      machine.setU32(key, index);
      machine.setU32(value, program);
      if (index < slots) expect(machine.exports.mapUpdate(map, key, value, 0)).toBe(0);
    });
    return {
      machine,
      programs,
      run: (index: number, budget = 1e6) => machine.execute(programs[index] ?? 0, { budget }),
    };
  };
  const jumpTo = (index: number): Insn[] => [...(i.lddw(2, 0n, 5) as Insn[]), i.mov(3, index), i.call(12)];
  const one: ProgramInput = { insns: [i.mov(0, 1), i.exit] };

  it('go on in the target, with r1 and a clean window', () => {
    const registers = [0, 2, 3, 4, 5, 6, 7, 8, 9];
    const target = {
      insns: [...registers.map((n) => i.alu('or', 0, i.r(n))), i.store(8, 10, -8, i.r(1)), i.exit],
    };
    const caller = { insns: [...registers.map((n) => i.mov(n, 255)), ...jumpTo(0), i.mov(0, 77), i.exit] };
    const { run } = setUp([target, caller]);
    expect(run(1)).toMatchObject({ r0: 0n, trap: undefined });
  });

  it('fail at an empty slot or a wrong index, and leave r0', () => {
    for (const index of [1, 2, -1]) {
      const caller = { insns: [i.mov(0, 5), ...jumpTo(index), i.alu('add', 0, 1), i.exit] };
      expect(setUp([one, caller], 1).run(1).r0).toBe(6n);
    }
  });

  it('succeed 33 times', () => {
    const again: ProgramInput = {
      insns: [
        i.load(4, 6, 1, 0),
        i.alu('add', 6, 1),
        i.store(4, 1, 0, i.r(6)),
        ...jumpTo(0),
        i.load(4, 0, 1, 0),
        i.exit,
      ],
    };
    const { machine, programs } = setUp([again]);
    expect(machine.execute(programs[0] ?? 0, { packet: [0, 0, 0, 0] }).r0).toBe(34n);
  });

  it('from a subprogram return to its caller, whose memory and maps are granted again', () => {
    const caller: ProgramInput = {
      insns: [
        i.mov(6, 30),
        i.callLocal(6),
        i.alu('add', 0, i.r(6)),
        ...jumpTo(7),
        i.exit,
        ...jumpTo(0),
        i.exit,
      ],
      functions: [8],
    };
    const { machine, programs } = setUp([one, caller]);
    const grants = machine.u32((programs[0] ?? 0) + layout.PROG_NMAPS);
    machine.setU32((programs[0] ?? 0) + layout.PROG_NMAPS, 0);
    expect(grants).toBe(1);
    expect(machine.execute(programs[1] ?? 0)).toMatchObject({ r0: 31n, trap: undefined });
  });

  it('cost the length of the target', () => {
    const { run } = setUp([one, { insns: [...jumpTo(0), i.exit] }]);
    expect(run(1, 2).r0).toBe(1n);
    expect(run(1, 1).trap).toMatchObject({ kind: TRAP_BUDGET, pc: 3 });
  });

  it('need a map of the program, when sandboxed', () => {
    const { run } = setUp([one, { insns: [i.mov(2, i.r(10)), i.mov(3, 0), i.call(12), i.exit] }]);
    expect(run(1).trap).toMatchObject({ kind: TRAP_BAD_MAP, pc: 2 });
  });

  it('tell the program and the slot of a trap', () => {
    const wild = { insns: [i.mov(1, 0), i.load(1, 0, 1, 0), i.exit] };
    const { machine, programs, run } = setUp([wild, { insns: [...jumpTo(0), i.exit] }]);
    expect(run(1).trap).toMatchObject({ kind: TRAP_MEMORY, pc: 1 });
    expect(machine.u32(machine.run + layout.RUN_PROG)).toBe(programs[0]);
  });
});

describe('batches', () => {
  it('run over records one after another, and a trap says which it was', () => {
    const machine = new Machine();
    const prog = machine.program({ insns: [i.load(1, 0, 1, 1), i.exit] });
    const packets = [[1, 2], [3, 4], [5]];
    const records = machine.exports.alloc(3 * layout.REC_SIZE);
    packets.forEach((packet, n) => {
      const record = machine.record(packet);
      new Uint8Array(machine.memory.buffer).copyWithin(
        records + n * layout.REC_SIZE,
        record,
        record + layout.REC_SIZE,
      );
    });
    expect(() => machine.exports.interpretBatch(prog, records, 3)).toThrow(WebAssembly.RuntimeError);
    expect(machine.u32(machine.run + layout.RUN_BATCH_INDEX)).toBe(2);
    const results = [0, 1, 2].map((n) => {
      const { r0 } = machine.outcome(records + n * layout.REC_SIZE);
      return [r0, machine.u32(records + n * layout.REC_SIZE + layout.REC_TRAP)];
    });
    expect(results).toEqual([
      [2n, 0],
      [4n, 0],
      [0n, TRAP_MEMORY],
    ]);
  });
});

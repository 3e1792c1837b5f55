/** The functions that translated code imports from the runtime. */
import { describe, expect, it } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import { MAP_TYPE_PROG_ARRAY } from '../../src/abi/maps.ts';
import {
  TRAP_BAD_FUNCTION,
  TRAP_BUDGET,
  TRAP_CALL_DEPTH,
  TRAP_MEMORY,
  TRAP_UNSUPPORTED,
} from '../../src/abi/traps.ts';
import { trustedProof } from '../../src/verifier/proof.ts';
import { Machine, type ProgramInput } from './harness.ts';
import * as i from './insns.ts';

const TAKEN: ProgramInput = { insns: [i.exit, i.mov(0, 1), i.exit], functions: [1], addressTaken: [1] };
const PACKET = [1, 2, 3, 4, 5, 6, 7, 8];

/** A machine in the middle of a run, as translated code finds it. */
function begun(input: ProgramInput = TAKEN) {
  const machine = new Machine();
  const prog = machine.program(input);
  const record = machine.record(PACKET);
  const r1 = machine.exports.begin(prog, record);
  /** Kind and pc of the trap that `act` ends in. */
  const trapOf = (act: () => unknown): readonly number[] => {
    expect(act).toThrow(WebAssembly.RuntimeError);
    return [machine.u32(machine.run + layout.RUN_TRAP), machine.u32(machine.run + layout.RUN_TRAP_PC)];
  };
  return { machine, prog, record, r1, trapOf };
}

describe('begin and finish', () => {
  it('give the memory, and take the result back', () => {
    const { machine, record, r1 } = begun();
    expect(Number(r1)).toBe(machine.u32(record + layout.REC_DATA));
    machine.exports.finish(record, 0xffff_ffff_0000_0001n);
    expect(machine.outcome(record)).toMatchObject({ r0: 0xffff_ffff_0000_0001n, packet: PACKET });
  });

  it('write back a packet that has moved', () => {
    const { machine, record } = begun();
    const data = machine.u32(record + layout.REC_DATA);
    machine.setU32(machine.run + layout.RUN_PKT_META, data - 8);
    machine.setU32(machine.run + layout.RUN_PKT_DATA, data - 4);
    machine.setU32(machine.run + layout.RUN_PKT_END, data + 2);
    machine.exports.finish(record, 0n);
    const fields = [layout.REC_META, layout.REC_DATA, layout.REC_LEN].map((at) => machine.u32(record + at));
    expect(fields).toEqual([data - 8, data - 4, 6]);
  });

  it('clear what the last run left', () => {
    const { machine, prog, record, trapOf } = begun();
    trapOf(() => machine.exports.trap(TRAP_MEMORY, 7, 9n));
    expect(machine.u32(record + layout.REC_TRAP)).toBe(TRAP_MEMORY);
    machine.setU32(machine.run + layout.RUN_TAIL_CALLS, 33);
    machine.setU32(machine.run + layout.RUN_REDIRECT_INDEX, 4);
    machine.exports.begin(prog, record);
    const left = [layout.RUN_TRAP, layout.RUN_TRAP_PC, layout.RUN_TAIL_CALLS, layout.RUN_REDIRECT_INDEX];
    expect(left.map((at) => machine.u32(machine.run + at))).toEqual([0, 0, 0, 0]);
  });
});

describe('check and spend', () => {
  it('return the address, or trap', () => {
    const { machine, r1, trapOf } = begun();
    expect(machine.exports.check(r1, 8, 1, 3)).toBe(Number(r1));
    expect(trapOf(() => machine.exports.check(r1 + 1n, 8, 1, 3))).toEqual([TRAP_MEMORY, 3]);
    expect(trapOf(() => machine.exports.check(r1 + (1n << 32n), 1, 0, 4))).toEqual([TRAP_MEMORY, 4]);
  });

  it('spend to the last instruction, not below', () => {
    const { machine, trapOf } = begun();
    machine.view.setBigInt64(machine.run + layout.RUN_FUEL, 10n, true);
    machine.exports.spend(10, 1);
    expect(trapOf(() => machine.exports.spend(1, 2))).toEqual([TRAP_BUDGET, 2]);
  });
});

describe('functionIndex', () => {
  it('is the index in the table, of functions of the program only', () => {
    const { machine, prog, trapOf } = begun();
    const func = machine.u32(prog + layout.PROG_FUNCS);
    expect(trapOf(() => machine.exports.functionIndex(BigInt(func), 5))).toEqual([TRAP_UNSUPPORTED, 5]);
    machine.setU32(func + layout.FUNC_TABLE_INDEX, 77);
    expect(machine.exports.functionIndex(BigInt(func), 5)).toBe(77);
    for (const wild of [
      BigInt(func) + 4n,
      BigInt(func) + 16n,
      BigInt(func) - 16n,
      BigInt(func) + (1n << 32n),
      0n,
    ]) {
      expect(trapOf(() => machine.exports.functionIndex(wild, 6))).toEqual([TRAP_BAD_FUNCTION, 6]);
    }
  });

  it('spends the length of the function, when sandboxed', () => {
    const fuel = (input: ProgramInput): bigint => {
      const { machine, prog } = begun(input);
      const func = machine.u32(prog + layout.PROG_FUNCS);
      machine.setU32(func + layout.FUNC_TABLE_INDEX, 1);
      const before = machine.u64(machine.run + layout.RUN_FUEL);
      machine.exports.functionIndex(BigInt(func), 0);
      return before - machine.u64(machine.run + layout.RUN_FUEL);
    };
    expect(fuel(TAKEN)).toBe(2n);
    expect(fuel({ ...TAKEN, proof: trustedProof })).toBe(0n);
  });
});

describe('packetLoad', () => {
  it('reads big-endian, or says -1', () => {
    const { packetLoad } = begun().machine.exports;
    expect([packetLoad(0, 1), packetLoad(1, 2), packetLoad(4, 4)]).toEqual([1n, 0x0203n, 0x0506_0708n]);
    expect([packetLoad(8, 1), packetLoad(7, 2), packetLoad(-1, 1), packetLoad(-4096, 4)]).toEqual([
      -1n,
      -1n,
      -1n,
      -1n,
    ]);
  });
});

describe('tailCall', () => {
  const setUp = (target: ProgramInput) => {
    const machine = new Machine();
    const map = machine.exports.mapCreate(MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0, 0);
    const prog = machine.program({ insns: [i.exit], maps: [map] });
    const other = machine.program({ ...target, maps: [map] });
    const value = machine.place(new Uint8Array(8));
    machine.setU32(value + 4, other);
    machine.exports.mapUpdate(map, value, value + 4, 0);
    machine.exports.begin(prog, machine.record(PACKET));
    return { machine, map: BigInt(map), prog, other };
  };

  it('switches the program and returns its entry in the table', () => {
    const { machine, map, prog, other } = setUp({ insns: [i.exit], proof: trustedProof });
    machine.setU32(other + layout.PROG_TABLE_INDEX, 55);
    expect(machine.exports.tailCall(map, 1n, 0)).toBe(0);
    expect(machine.u32(machine.run + layout.RUN_PROG)).toBe(prog);
    expect(machine.exports.tailCall(map, 0n, 0)).toBe(55);
    expect(machine.u32(machine.run + layout.RUN_PROG)).toBe(other);
    expect(machine.u32(machine.run + layout.RUN_SANDBOX)).toBe(0);
  });

  it('lets the interpreter carry a target that was not translated', () => {
    const target = [
      i.mov(0, i.r(1)),
      i.alu('add', 0, i.r(2)),
      i.callLocal(1),
      i.exit,
      i.mov(0, i.r(10)),
      i.exit,
    ];
    const { machine, map } = setUp({ insns: target, functions: [4] });
    const entry = machine.exports.table.get(machine.exports.tailCall(map, 0n, 0)) as (
      ...registers: bigint[]
    ) => bigint;
    const frame = BigInt(machine.stackTop - 512);
    expect(entry(7n, 0n, 0n, 0n, 0n, frame)).toBe(frame - 512n);
    const lowest = BigInt(machine.stackTop - 7 * 512);
    expect(() => entry(7n, 0n, 0n, 0n, 0n, lowest)).toThrow(WebAssembly.RuntimeError);
    expect(machine.u32(machine.run + layout.RUN_TRAP)).toBe(TRAP_CALL_DEPTH);
  });

  it('spends the length of the target', () => {
    const { machine, map } = setUp({ insns: [i.mov(0, 1), i.exit] });
    machine.view.setBigInt64(machine.run + layout.RUN_FUEL, 1n, true);
    expect(() => machine.exports.tailCall(map, 0n, 9)).toThrow(WebAssembly.RuntimeError);
    expect(machine.u32(machine.run + layout.RUN_TRAP_PC)).toBe(9);
  });
});

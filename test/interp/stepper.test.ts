import { describe, expect, it } from 'vitest';
import { TRAP_MEMORY } from '../../src/abi/traps.ts';
import { WebpfError } from '../../src/errors.ts';
import { type StepProgram, Stepper } from '../../src/interp/stepper.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { Machine, type ProgramInput } from './harness.ts';
import * as i from './insns.ts';

const line = (insn: number, text: string) => ({ insn, file: 'prog.c', line: insn + 1, column: 1, text });

/** A main program that calls a function twice. */
const INPUT: ProgramInput = {
  insns: [i.mov(1, 5), i.callLocal(3), i.mov(6, i.r(0)), i.callLocal(1), i.exit, i.mov(0, i.r(1)), i.exit],
  functions: [5],
};
const LINES = [line(0, 'int x = 5;'), line(2, 'f(x);'), line(5, 'return x;')];

function start(input: ProgramInput, packet: readonly number[] = []) {
  const machine = new Machine();
  const descriptor = machine.program(input);
  const program: StepProgram = { name: 'prog', insns: input.insns, lines: LINES };
  const host = {
    memory: machine.memory,
    exports: machine.exports,
    run: machine.run,
    programAt: (address: number) => (address === descriptor ? program : undefined),
  };
  return { machine, descriptor, stepper: new Stepper(host, descriptor, machine.record(packet)) };
}

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof WebpfError) return error.code;
  }
  return 'no error';
};

describe('Stepper', () => {
  it('begins before the first instruction', () => {
    const { stepper, machine } = start(INPUT);
    const { status, slot, depth, registers, executed, insn, source } = stepper.state;
    expect({ status, slot, depth, executed, insn }).toEqual({
      status: 'paused',
      slot: 0,
      depth: 0,
      executed: 0,
      insn: INPUT.insns[0],
    });
    expect(registers[10]).toBe(BigInt(machine.stackTop));
    expect(source?.text).toBe('int x = 5;');
  });

  it('shows slot, depth, registers and source line after each step', () => {
    const { stepper } = start(INPUT);
    const seen = Array.from({ length: 8 }, () => {
      const { slot, depth, registers, source } = stepper.step();
      return [slot, depth, registers[0], source?.line];
    });
    expect(seen).toEqual([
      [1, 0, 0n, 1],
      [5, 1, 0n, 6],
      [6, 1, 5n, 6],
      [2, 0, 5n, 3],
      [3, 0, 5n, 3],
      [5, 1, 0n, 6],
      [6, 1, 5n, 6],
      [4, 0, 5n, 3],
    ]);
    expect(stepper.result).toBeUndefined();
    expect(stepper.step()).toMatchObject({ status: 'ended', executed: 9 });
    expect(stepper.result).toBe(5n);
    expect(stepper.step().executed).toBe(9);
  });

  it('shows the frames of the calls', () => {
    const { stepper } = start(INPUT);
    stepper.step(3);
    const frames = stepper.frames.map(({ slot, registers, program }) => [slot, registers[0], program?.name]);
    expect(frames).toEqual([
      [2, 0n, 'prog'],
      [6, 5n, 'prog'],
    ]);
  });

  it('pauses at breakpoints, and at the limit', () => {
    const { stepper } = start(INPUT);
    const breakpoints = new Set([6]);
    expect(stepper.continue({ breakpoints }).executed).toBe(3);
    expect(stepper.continue({ breakpoints }).executed).toBe(7);
    expect(stepper.continue({ breakpoints, limit: 1 })).toMatchObject({ status: 'paused', executed: 8 });
    expect(stepper.continue({ breakpoints }).status).toBe('ended');
  });

  it('steps over and out of calls', () => {
    const { stepper } = start(INPUT);
    stepper.step();
    expect(stepper.stepOver()).toMatchObject({ slot: 2, depth: 0 });
    stepper.step(2);
    expect(stepper.state.depth).toBe(1);
    expect(stepper.stepOut()).toMatchObject({ slot: 4, depth: 0 });
    expect(stepper.stepOut().status).toBe('ended');
  });

  it('sets registers of the current frame', () => {
    const { stepper } = start(INPUT);
    stepper.step();
    stepper.setRegister(1, -1n);
    stepper.continue();
    expect(stepper.result).toBe(0xffff_ffff_ffff_ffffn);
    expect(codeOf(() => stepper.setRegister(10, 0n))).toBe('bad-argument');
  });

  it('shows a trap, with the registers before it', () => {
    const insns: Insn[] = [i.mov(3, 16), i.load(8, 3, 3, 0), i.exit];
    const { stepper } = start({ insns });
    expect(stepper.continue()).toMatchObject({
      status: 'trapped',
      slot: 1,
      insn: insns[1],
      trap: { kind: TRAP_MEMORY, slot: 1, value: 16n },
    });
    expect(stepper.state.registers[3]).toBe(16n);
    expect(stepper.result).toBeUndefined();
    expect(stepper.step().executed).toBe(2);
  });

  it('reads memory', () => {
    const { stepper } = start({ insns: [i.store(2, 1, 1, 0x0201), i.exit] }, [9, 9, 9, 9]);
    const address = Number(stepper.state.registers[1]);
    stepper.step();
    expect([...stepper.read(address, 4)]).toEqual([9, 1, 2, 9]);
    expect(codeOf(() => stepper.read(-1, 4))).toBe('bad-argument');
  });

  it('ends when another run begins', () => {
    const { stepper, machine, descriptor } = start(INPUT);
    machine.execute(descriptor);
    expect(codeOf(() => stepper.step())).toBe('closed');
  });

  it('bounds a program without an end', () => {
    const { stepper } = start({ insns: [i.ja(-1)] });
    expect(stepper.step(1000)).toMatchObject({ status: 'paused', executed: 1000 });
    expect(codeOf(() => stepper.step(Number.NaN))).toBe('bad-argument');
  });
});

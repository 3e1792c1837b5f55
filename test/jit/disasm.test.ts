import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Artifact, open, WebpfError } from '../../src/index.ts';
import { disassembleArtifact } from '../../src/jit/disasm/code.ts';
import { type Immediate, isPrefix, opcodeAt } from '../../src/jit/disasm/opcodes.ts';
import type { TranslateOptions } from '../../src/jit/translate.ts';
import { sandboxProof, trustedProof } from '../../src/verifier/proof.ts';
import { alu, atomic, call, callLocal, exit, jump, load, mov, r } from '../interp/insns.ts';
import { translateInsns } from './harness.ts';

const OBJDUMP = 'llvm-objdump-19';
const hasObjdump = spawnSync(OBJDUMP, ['--version']).status === 0;

/** Offset and mnemonic of each instruction, as LLVM sees them. */
function llvmInsns(wasm: Uint8Array): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'webpf-disasm-'));
  const file = join(folder, 'module.wasm');
  writeFileSync(file, wasm);
  const { stdout } = spawnSync(OBJDUMP, ['-d', file], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  rmSync(folder, { recursive: true });
  // LLVM guesses the type of a select without one, and has names for vector loads that the specification has changed.
  return [...stdout.matchAll(/^ +([0-9a-f]+):(?: [0-9a-f]{2})+ *\t(\S+)/gm)].map(
    ([, offset, name = '']) =>
      `${offset} ${name.replace(/^\w+\.select$/, 'select').replace(/^i\d+x\d\.load/, 'v128.load')}`,
  );
}

const ourInsns = (artifact: Pick<Artifact, 'wasm'>): string[] =>
  disassembleArtifact(artifact).flatMap(({ insns }) =>
    insns.map(({ offset, text }) => `${offset.toString(16)} ${text.split(' ')[0]}`),
  );

const program = (name: string): string =>
  fileURLToPath(new URL(`../../bench/programs/${name}.bpf.o`, import.meta.url));

describe.skipIf(!hasObjdump)('every instruction is the one that LLVM sees', () => {
  it.each(['calls', 'siphash', 'map_churn', 'tokenise', 'copy'])('in %s', async (name) => {
    for (const sandbox of [true, false]) {
      using object = await open(program(name), { sandbox });
      const artifact = await object.artifact();
      expect(ourInsns(artifact)).toEqual(llvmInsns(artifact.wasm));
    }
  });

  const BYTES: Readonly<Record<Immediate, readonly number[]>> = {
    none: [],
    block: [0x40],
    label: [0],
    labels: [1, 0, 0],
    function: [0],
    indirect: [0, 0],
    local: [0],
    global: [0],
    access: [0, 0],
    laneAccess: [0, 0, 0],
    lane: [0],
    lanes: Array.from({ length: 16 }, () => 0),
    i32: [1],
    i64: [1],
    v128: Array.from({ length: 16 }, () => 0),
    byte: [0],
    bytes: [0, 0],
  };
  const number = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, value >> 7]);

  it('of all that are known', () => {
    const body = [0];
    for (let byte = 0; byte < 256; byte++) {
      for (let sub = 0; sub < (isPrefix(byte) ? 256 : 1); sub++) {
        const known = opcodeAt(byte, sub);
        // An end would end LLVM's function early.
        if (!known || known.name === 'end') continue;
        body.push(byte, ...(isPrefix(byte) ? number(sub) : []), ...BYTES[known.immediate]);
      }
    }
    body.push(0x0b);
    const code = [1, ...number(body.length), ...body];
    const wasm = Uint8Array.of(
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...[1, 4, 1, 0x60, 0, 0],
      ...[3, 2, 1, 0],
      ...[10, ...number(code.length), ...code],
    );
    expect(ourInsns({ wasm })).toEqual(llvmInsns(wasm));
  });
});

const insns = [
  mov(6, r(1)),
  load(4, 1, 6, 4),
  call(5),
  callLocal(2),
  jump('jgt', 0, 5, -3),
  exit,
  atomic('add', true, 8, 1, 8, 2),
  alu('add', 1, 1),
  exit,
];

const OPTIONS: TranslateOptions = { positions: 'all', optimize: { without: ['inline'] } };

const textOf = async (shared: boolean): Promise<Map<string, string>> => {
  const artifact = await translateInsns(insns, trustedProof, { ...OPTIONS, shared });
  const functions = disassembleArtifact(artifact);
  return new Map(functions.map((fn) => [fn.name, fn.insns.map(({ text }) => text).join('; ')]));
};

describe('disassembly', () => {
  it('has the names of functions and globals, and labels', async () => {
    const functions = await textOf(false);
    expect([...functions.keys()]).toEqual(['main', 'sub_6', 'batch']);
    expect(functions.get('main')).toMatch(
      /loop \$(\d+);.* global\.get \$run; .*call \$rt\.bpf_ktime_get_ns;/,
    );
    expect(functions.get('main')).toMatch(/loop (\$\d+);.* call \$sub_6;.* br_if \1;/);
    expect(functions.get('sub_6')).toMatch(/i64\.load offset=8;.*i64\.add; i64\.store offset=8;/);
  });

  it('knows atomic instructions', async () => {
    expect((await textOf(true)).get('sub_6')).toContain('i64.atomic.rmw.add offset=8;');
  });

  it('gives each instruction the one it was made of', async () => {
    const artifact = await translateInsns(insns, trustedProof, OPTIONS);
    const [main, sub] = disassembleArtifact(artifact);
    const slotOf = (fn: typeof main, text: string): number | undefined =>
      fn?.insns.find((insn) => insn.text.startsWith(text))?.insn;
    expect(slotOf(main, 'call $rt.')).toBe(2);
    expect(slotOf(main, 'call $sub_6')).toBe(3);
    expect(slotOf(main, 'loop')).toBe(2);
    expect(slotOf(main, 'br_if')).toBe(4);
    expect(slotOf(sub, 'i64.load')).toBe(6);
  });

  it('refuses what is no module, and modules of others', async () => {
    const { wasm } = await translateInsns(insns, sandboxProof);
    const isRefusal = (error: unknown): boolean => error instanceof WebpfError;
    fc.assert(
      fc.property(fc.nat(wasm.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const damaged = wasm.slice();
        damaged[at] = byte;
        try {
          disassembleArtifact({ wasm: damaged });
          disassembleArtifact({ wasm: wasm.subarray(0, at) });
        } catch (error) {
          expect(error).toSatisfy(isRefusal);
        }
      }),
      { numRuns: 500 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { example, scratchFolder, webpf } from './harness.ts';

const files = scratchFolder();

interface Row {
  readonly insn: number | null;
  readonly text?: string;
  readonly source?: { readonly line: number };
  readonly wasm: readonly { readonly function: string; readonly offset: number; readonly text: string }[];
}

describe('webpf disasm --engine jit', () => {
  it('shows source lines, instructions and WebAssembly side by side', async () => {
    const argv = ['disasm', example('flows.bpf.o'), '--engine', 'jit'];
    const { code, out } = await webpf(argv);
    expect(code).toBe(0);
    expect(out).toMatch(/^count_flows \(type xdp, \d+ slots, verified: [\d,]+ bytes of WebAssembly\)$/m);
    expect(out).toMatch(/^; .*bpf_map_lookup_elem/m);
    const call = /^ +\d+: \(85\) call bpf_map_update_elem#2 +0x[0-9a-f]+ .*(\n {46}.*)*call \$\S*hashUpdate/m;
    expect(out).toMatch(call);
    expect(out).toMatch(/^batch: \(webpf's own\)$/m);
    const widest = Math.max(
      ...out
        .split('\n')
        .filter((line) => line.startsWith(' '))
        .map((line) => line.length),
    );
    expect(widest).toBeLessThanOrEqual(100);
  });

  it('shows the checks of the sandbox', async () => {
    const file = await files.write('first.s', 'r0 = *(u8 *)(r1 + 0)\nexit\n');
    const { out } = await webpf(['disasm', file, '--engine', 'jit', '--sandbox']);
    expect(out).toMatch(/0: \(71\) r0 = \*\(u8 \*\)\(r1 \+0\) +0x[^\n]*(\n {46}.*)*call \$rt\.check/);
  });

  it('has every instruction of WebAssembly once in JSON', async () => {
    const { out } = await webpf(['disasm', example('filter.bpf.o'), '-p', 'by_bytes', '-e', 'jit', '--json']);
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    expect(rows.at(-1)?.insn).toBeNull();
    const main = rows.flatMap(({ wasm }) => wasm).filter((one) => one.function === 'by_bytes');
    expect(new Set(main.map(({ offset }) => offset)).size).toBe(main.length);
    const exit = rows.find(({ text }) => text?.includes('exit'));
    expect(exit?.wasm.map(({ text }) => text)).toContain('return');
    expect(exit?.source?.line).toBeGreaterThan(0);
  });

  it('says why a program has no translation', async () => {
    const { code, err } = await webpf(['disasm', example('rejected.bpf.o'), '--engine', 'jit']);
    expect(code).toBe(1);
    expect(err).toMatch(/^webpf: /);
  });

  it('wants no mode without an engine', async () => {
    const { code, err } = await webpf(['disasm', example('flows.bpf.o'), '--sandbox']);
    expect({ code, err }).toEqual({
      code: 2,
      err: "webpf: '--sandbox' and '--trusted' need '--engine jit'\n",
    });
  });
});

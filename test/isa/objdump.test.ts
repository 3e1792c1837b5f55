/** The llvm dialect against llvm-objdump 19, over C that clang 19 compiles and over random instructions. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { commandPath, compareObject, objdumpPath } from '../../scripts/isa-objdump-compare.ts';
import { encode } from '../../src/isa/encode.ts';
import type { Insn, InsnKind } from '../../src/isa/insn.ts';
import { anyInsn } from './arbitrary.ts';

const clang = commandPath('clang-19');
const objdump = objdumpPath();
if (clang === undefined || objdump === undefined)
  console.log('clang-19 or llvm-objdump-19 is missing: not compared');

const C = `
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long u64;
typedef signed char s8; typedef short s16; typedef int s32; typedef long s64;
int global;
static __attribute__((noinline)) int sub(int a, int b) { return a * b + global; }
static u64 (*helper)(void *) = (void *)5;
u64 unsigned_math(u8 *p, long n, u32 c) {
  u64 a = *(u64 *)p, b = *(u16 *)(p + 8);
  a /= c + 1; a %= b | 1; a <<= n; a >>= 5; c >>= 2; c *= a; c = ~c; a = -a;
  for (int i = 0; i < n; i++) { a += p[i]; if (a & 4) b += 3; if (b < 100) a--; if (c <= 7) a *= 3; }
  *p = 5; *(u16 *)(p + 2) = 0x1234; *(u32 *)(p + 4) = c; *(u64 *)(p + 8) = a ^ b; *(u64 *)(p + 16) = -1;
  return a + __builtin_bswap16(b) + __builtin_bswap32(c) + __builtin_bswap64(a) + 0x1122334455667788UL;
}
s64 signed_math(s8 *p, s32 d, s64 b) {
  b += p[0] + *(s16 *)(p + 2); b += *(s32 *)(p + 4); b += (s8)d; b += (s16)b; d += (s8)b; b >>= 3; d >>= 2;
  if (b < d) b++; if (d > -5) b += 2; if ((s32)b <= d) d--; if (b >= 7) d -= 3;
#if __BPF_CPU_VERSION__ >= 4
  b /= d; d %= 7; b %= d; d /= (s32)b;
#endif
  return b + d;
}
u64 calls(u64 *p, int (*f)(int, int)) {
  __sync_fetch_and_add(p, 1);
#if __BPF_CPU_VERSION__ >= 3
  *p += __sync_fetch_and_add(p + 1, 2) + __sync_fetch_and_and((u32 *)p, 3) + __sync_fetch_and_xor(p, 4);
  *p += __sync_lock_test_and_set(p, 5) + __sync_val_compare_and_swap(p, 3, 4);
  *p += __sync_val_compare_and_swap((u32 *)p, 3, 4) + __sync_lock_test_and_set((u32 *)p, 5);
#endif
  return sub(p[0], p[1]) + helper(p) + f(1, 2) + (u64)sub;
}
`;

const directory = mkdtempSync(join(tmpdir(), 'webpf-isa-'));
afterAll(() => rmSync(directory, { recursive: true }));

const build = (name: string, text: string, args: readonly string[]): string => {
  const source = join(directory, name);
  writeFileSync(source, text);
  const object = `${source}.o`;
  const { status, stderr } = spawnSync(
    'clang-19',
    ['-target', 'bpf', '-w', ...args, '-c', source, '-o', object],
    {
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return object;
};

describe.skipIf(clang === undefined || objdump === undefined)('llvm-objdump-19 agrees', () => {
  for (const cpu of ['v1', 'v2', 'v3', 'v4']) {
    for (const level of ['-O2', '-O0']) {
      it(`on C for ${cpu} with ${level}`, () => {
        const object = build(`${cpu}${level}.c`, C, [
          `-mcpu=${cpu}`,
          level,
          `-D__BPF_CPU_VERSION__=${cpu[1]}`,
        ]);
        for (const alu32 of [true, false]) {
          const { insns, differences } = compareObject('llvm-objdump-19', object, alu32);
          expect(insns).toBeGreaterThan(50);
          expect(differences).toEqual([]);
        }
      });
    }
  }

  // LLVM 19 is older than these, and takes load_acquire for an atomic add.
  const newer = new Set<InsnKind>(['loadAcquire', 'storeRelease', 'gotox']);
  // Without w registers it takes each 32-bit atomic add for one without FETCH.
  const readsWrong = (insn: Insn, alu32: boolean): boolean =>
    newer.has(insn.kind) || (!alu32 && insn.kind === 'atomic' && insn.size === 4);

  it.each([true, false])('on random instructions of every row (alu32: %s)', (alu32) => {
    const insns = fc.sample(
      anyInsn.filter((insn) => !readsWrong(insn, alu32)),
      4000,
    );
    const lines = insns.map((insn) => `.byte ${Array.from(encode([insn])).join(',')}`);
    const object = build('random.s', `.text\n${lines.join('\n')}\n`, []);
    const { insns: compared, differences } = compareObject('llvm-objdump-19', object, alu32);
    expect(compared).toBe(insns.length);
    expect(differences).toEqual([]);
  });
});

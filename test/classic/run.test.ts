import { describe, expect, it } from 'vitest';
import { open, programFromClassic, seccompData } from '../../src/index.ts';
import { engines } from '../api/build.ts';

const AD = 0xfffff000;
const listed = (...insns: readonly string[]): string => [insns.length, ...insns].join('\n');
const RET_A = '22 0 0 0';

const modes = engines.flatMap((engine) => [
  { engine, sandbox: false },
  { engine, sandbox: true },
]);

describe.each(modes)('in $engine, sandbox: $sandbox', (options) => {
  const packet = Uint8Array.from({ length: 64 }, (_, index) => index);
  const result = async (source: string, context = {}) => {
    using object = await open(programFromClassic(source, { hardwareType: 772 }), options);
    return (await object.program()).retval(packet, context);
  };

  it.each([
    ['ld #imm', ['0 0 0 4294967295'], 0xffffffff],
    ['ld word', ['32 0 0 1'], 0x01020304],
    ['ldh', ['40 0 0 1'], 0x0102],
    ['ldb', ['48 0 0 63'], 63],
    ['a load beyond the packet ends the filter with 0', ['48 0 0 64', '0 0 0 1'], 0],
    ['ldx imm, ld [x + k]', ['1 0 0 3', '80 0 0 2'], 5],
    ['ldx 4*([k]&0xf), which leaves A', ['0 0 0 1', '177 0 0 5', '12 0 0 0'], 21],
    ['len', ['128 0 0 0'], 64],
    ['scratch memory', ['0 0 0 7', '2 0 0 15', '0 0 0 0', '96 0 0 15'], 7],
    ['stx and ldx', ['1 0 0 9', '3 0 0 0', '1 0 0 0', '97 0 0 0', '135 0 0 0'], 9],
    ['32-bit wrap', ['0 0 0 4294967295', '4 0 0 2'], 1],
    ['sub, mul', ['0 0 0 3', '20 0 0 5', '36 0 0 3'], 0xfffffffa],
    ['div and mod are unsigned', ['0 0 0 4294967295', '52 0 0 2'], 0x7fffffff],
    ['division by X = 0 ends the filter with 0', ['0 0 0 8', '60 0 0 0', '0 0 0 1'], 0],
    ['remainder by X = 0 ends the filter with 0', ['0 0 0 8', '156 0 0 0', '0 0 0 1'], 0],
    ['neg', ['0 0 0 5', '132 0 0 0'], 0xfffffffb],
    ['or and xor with X', ['0 0 0 12', '1 0 0 10', '76 0 0 0', '172 0 0 0'], 4],
    ['shift by X', ['0 0 0 1', '1 0 0 31', '108 0 0 0'], 0x80000000],
    ['jset', ['0 0 0 6', '69 1 0 2', '0 0 0 0'], 6],
    ['jgt is unsigned', ['0 0 0 4294967295', '37 1 0 5', '0 0 0 0'], 0xffffffff],
    ['jge with X', ['0 0 0 5', '1 0 0 5', '61 1 0 0', '0 0 0 0'], 5],
    ['extension: hatype', [`32 0 0 ${AD + 28}`], 772],
    ['extension: cpu', [`32 0 0 ${AD + 36}`], 0],
    ['extension: A ^ X', ['0 0 0 12', '1 0 0 10', `32 0 0 ${AD + 40}`], 6],
  ])('%s', async (_, insns, expected) => {
    expect((await result(listed(...insns, RET_A))) >>> 0).toBe(expected);
  });

  it.each([
    [0, { protocol: 0x0608 }, 0x0806],
    [4, { pktType: 2 }, 2],
    [8, { ifindex: 3 }, 3],
    [20, { mark: 77 }, 77],
    [24, { queueMapping: 5 }, 5],
    [32, { hash: 0x1234 }, 0x1234],
    [44, { vlanTci: 100, vlanPresent: 1 }, 100],
    [48, { vlanTci: 100, vlanPresent: 1 }, 1],
  ])('extension %i reads the context', async (offset, context, expected) => {
    expect(await result(listed(`32 0 0 ${AD + offset}`, RET_A), context)).toBe(expected);
  });

  it('filters of system calls see their data, and name the verdict', async () => {
    // Refuses execve (59) with EPERM, and kills on another architecture; the rest is allowed.
    const filter = listed(
      '32 0 0 4',
      `21 0 3 ${0xc000003e}`,
      '32 0 0 0',
      '21 2 0 59',
      `6 0 0 ${0x7fff0000}`,
      `6 0 0 ${0x80000000}`,
      `6 0 0 ${0x00050001}`,
    );
    using object = await open(programFromClassic(filter, { kind: 'seccomp' }), options);
    const program = await object.program();
    const verdict = (call: Parameters<typeof seccompData>[0]) => program.run(seccompData(call)).verdict;
    expect(verdict({ nr: 1 })).toBe('SECCOMP_RET_ALLOW');
    expect(verdict({ nr: 59 })).toBe('SECCOMP_RET_ERRNO');
    expect(verdict({ nr: 59, arch: 0x40000003 })).toBe('SECCOMP_RET_KILL_PROCESS');
  });

  it('filters of system calls see arguments, and have their length', async () => {
    const filter = listed('128 0 0 0', '7 0 0 0', '32 0 0 60', '12 0 0 0', RET_A);
    using object = await open(programFromClassic(filter, { kind: 'seccomp' }), options);
    const args = [0n, 0n, 0n, 0n, 0n, 0x5_0000_0001n];
    expect((await object.program()).run(seccompData({ nr: 0, args })).r0).toBe(69n);
  });
});

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const MACS = '000000000001 000000000002';
const ipv4 = (protocol: string, fragment = '0000') =>
  `45000028 0000${fragment} 40${protocol}0000 0a000001 0a000002`;
const ipv6 = (next: string) => `60000000 0000${next}40 ${'00'.repeat(32)}`;
const TCP = '00500051 00000000 00000000 80000000 00000000 000000000000000000000000';
const UDP = '00350035 00080000';

describe.each(modes)('payload offsets in $engine, sandbox: $sandbox', (options) => {
  // __skb_get_poff: the headers that are understood, and how long they are.
  it.each([
    ['TCP with options', `${MACS} 0800 ${ipv4('06')} ${TCP}`, 14 + 20 + 32],
    ['UDP', `${MACS} 0800 ${ipv4('11')} ${UDP}`, 14 + 20 + 8],
    [
      'UDP over IPv6 behind a hop-by-hop header',
      `${MACS} 86dd ${ipv6('00')} 1100000000000000 ${UDP}`,
      14 + 40 + 8 + 8,
    ],
    ['VLAN', `${MACS} 8100 0064 0800 ${ipv4('11')} ${UDP}`, 14 + 4 + 20 + 8],
    ['ICMP', `${MACS} 0800 ${ipv4('01')} 0800000000000000`, 14 + 20 + 8],
    ['IP in IP', `${MACS} 0800 ${ipv4('04')} ${ipv4('11')} ${UDP}`, 14 + 20 + 20 + 8],
    ['a later fragment has no transport header', `${MACS} 0800 ${ipv4('06', '0010')} ${TCP}`, 14 + 20],
    ['IPv4 cut off: none', `${MACS} 0800 45000028`, 0],
  ])('%s', async (_, packet, expected) => {
    using object = await open(programFromClassic(listed(`32 0 0 ${AD + 52}`, RET_A)), options);
    expect((await object.program()).retval(hex(packet))).toBe(expected);
  });

  it('attributes of netlink are found by type, and nested ones', async () => {
    // Two attributes: type 1 with 4 bytes; type 2, which holds one of type 7 with 2 bytes.
    const message = hex('0800 0100 aabbccdd  0c00 0280 0600 0700 1122 0000');
    const find = async (extension: number, at: number, type: number) => {
      using object = await open(
        programFromClassic(listed(`0 0 0 ${at}`, `1 0 0 ${type}`, `32 0 0 ${AD + extension}`, RET_A)),
        options,
      );
      return (await object.program()).retval(message);
    };
    expect(await find(12, 0, 1)).toBe(0);
    expect(await find(12, 0, 2)).toBe(8);
    expect(await find(12, 0, 3)).toBe(0);
    expect(await find(12, 19, 1)).toBe(0);
    expect(await find(16, 8, 7)).toBe(12);
    expect(await find(16, 8, 6)).toBe(0);
  });
});

it('system calls have at most six arguments', () => {
  expect(() => seccompData({ nr: 0, args: Array<bigint>(7).fill(0n) })).toThrow(/at most 6/);
});

import { describe, expect, test } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import * as traps from '../../src/abi/traps.ts';
import { CLOCKS, memoryKinds, Runtime } from './harness.ts';

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'));
const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const u32 = (value: number): number => value >>> 0;

/** Results in this file were compared with Linux 6.18 over PROG_TEST_RUN. */
describe.each(memoryKinds)('helpers in %s memory', (kind) => {
  const open = (): { runtime: Runtime; stack: number } => {
    const runtime = new Runtime(kind, 2);
    runtime.start();
    return { runtime, stack: runtime.frame - 512 };
  };

  describe('numbers in text', () => {
    const parse = (name: string, input: string, size = input.length, flags = 0) => {
      const { runtime, stack } = open();
      runtime.write(stack, text(input));
      const used = runtime.call(name, stack, size, flags, stack + 256);
      return [Number(used), BigInt.asIntN(64, runtime.u64(stack + 256))];
    };

    test.each([
      ['123', [3, 123n]],
      ['  -42x', [5, -42n]],
      ['0x1f', [4, 31n]],
      ['0x', [1, 0n]],
      ['0755', [4, 493n]],
      ['9223372036854775807', [19, 9223372036854775807n]],
      ['-9223372036854775808', [20, -9223372036854775808n]],
      ['9223372036854775808', [-abi.ERANGE, 0n]],
      ['99999999999999999999', [-abi.ERANGE, 0n]],
      ['+1', [-abi.EINVAL, 0n]],
      ['-', [-abi.EINVAL, 0n]],
      ['   ', [-abi.EINVAL, 0n]],
      ['x', [-abi.EINVAL, 0n]],
    ])('strtol %j', (input, expected) => {
      expect(parse('bpf_strtol', input)).toEqual(expected);
    });

    test('strtol takes the bases 8, 10 and 16 only, and stops at the size', () => {
      expect(parse('bpf_strtol', '778', 3, 8)).toEqual([2, 63n]);
      expect(parse('bpf_strtol', 'ff', 2, 16)).toEqual([2, 255n]);
      expect(parse('bpf_strtol', '123', 2, 10)).toEqual([2, 12n]);
      expect(parse('bpf_strtol', '11', 2, 2)).toEqual([-abi.EINVAL, 0n]);
      expect(parse('bpf_strtol', '11', 2, 32)).toEqual([-abi.EINVAL, 0n]);
    });

    test('strtoul refuses negative numbers', () => {
      expect(parse('bpf_strtoul', '18446744073709551615')).toEqual([20, -1n]);
      expect(parse('bpf_strtoul', '-1')).toEqual([-abi.EINVAL, 0n]);
    });

    test('strncmp', () => {
      const { runtime, stack } = open();
      const compare = (a: string, size: number, b: string) => {
        runtime.write(stack, text(a));
        runtime.write(stack + 64, text(`${b}\0`));
        return Number(runtime.call('bpf_strncmp', stack, size, stack + 64));
      };
      expect(compare('abc', 3, 'abcd')).toBe(0);
      expect(compare('abc\0', 4, 'abcd')).toBe(-1);
      expect(compare('abd', 3, 'abc')).toBe(1);
      expect(compare('a\0x', 3, 'a')).toBe(0);
    });
  });

  describe('formatting', () => {
    const print = (format: string, values: readonly (bigint | string)[], size = 128) => {
      const { runtime, stack } = open();
      runtime.write(stack, text(`${format}\0`));
      values.forEach((value, i) => {
        const at = stack + 192 + 16 * i;
        if (typeof value === 'string') runtime.write(at, text(`${value}\0`));
        runtime.setU64(
          stack + 128 + 8 * i,
          typeof value === 'string' ? BigInt(at) : BigInt.asUintN(64, value),
        );
      });
      const out = stack + 384;
      const length = Number(runtime.call('bpf_snprintf', out, size, stack, stack + 128, 8 * values.length));
      const written = asText(runtime.read(out, 128));
      return length < 0 ? length : [length, written.slice(0, written.indexOf('\0'))];
    };

    test.each<[string, (bigint | string)[], string]>([
      ['%d %i %u', [-1n, 5n, -1n], '-1 5 4294967295'],
      ['%ld %lld %lu', [-1n, -2n, -1n], '-1 -2 18446744073709551615'],
      ['%x %X %lx %llX', [-1n, 0xabcn, -1n, 0xdefn], 'ffffffff ABC ffffffffffffffff DEF'],
      ['%5d|%-5d|%05d|%+d|% d', [42n, 42n, -42n, 42n, 42n], '   42|42   |-0042|+42| 42'],
      ['%-05d|%08x', [7n, 0xbeefn], '7    |0000beef'],
      ['%s|%10s|%-6s|', ['hello', 'abc', 'abc'], 'hello|       abc|abc   |'],
      ['%c%c|%3c|%-3c|', [65n, 66n, 67n, 68n], 'AB|  C|D  |'],
      ['%px', [0x1234n], '0000000000001234'],
      ['%pI4 %pi4', ['\xc0\x00\x02\x01', '\xc0\x00\x02\x01'], '192.0.2.1 192.000.002.001'],
      ['%pI6', ['\x20\x01\x0d\xb8abcdefghijkl'], '2001:0db8:6162:6364:6566:6768:696a:6b6c'],
      ['%pi6', ['\x20\x01\x0d\xb8abcdefghijkl'], '20010db8616263646566676869 6a6b6c'.replace(' ', '')],
      ['100%%\t%s', [0n], '100%\t'],
      ['%lld', [-(2n ** 63n)], '-9223372036854775808'],
    ])('%j', (format, values, expected) => {
      expect(print(format, values)).toEqual([expected.length + 1, expected]);
    });

    test.each([
      ['too few values', '%d %d', 1],
      ['octal', '%o', 1],
      ['precision', '%.5d', 1],
      ['lone percent sign', '%', 1],
      ['text that is not printable', 'a\x01', 0],
      ['text beyond ASCII', 'a\xe9', 0],
      ['letters after s', '%sx', 1],
      ['unknown pointer', '%pz', 1],
      ['unknown address', '%pI5', 1],
    ])('refuses %s', (_what, format, count) => {
      expect(print(format, new Array<bigint>(count).fill(0n))).toBe(-abi.EINVAL);
    });

    test('cuts off at the size, but returns the whole length', () => {
      expect(print('%d-%d', [12345n, 678n], 5)).toEqual([10, '1234']);
      expect(print('%99d', [1n], 1)).toEqual([100, '']);
    });

    test('a width of millions costs nothing', () => {
      const values = new Array<bigint>(12).fill(0n);
      const [length] = print('%8388607d'.repeat(12).slice(0, 118), values, 8) as [number, string];
      expect(length).toBeGreaterThan(100_000_000);
    });

    test('trace_printk prints to the printk ring', () => {
      const { runtime, stack } = open();
      runtime.write(stack, text('x=%d y=%s\0'));
      runtime.write(stack + 64, text('str\0'));
      expect(runtime.call('bpf_trace_printk', stack, 10, 7, stack + 64, 0)).toBe(9n);
      expect(runtime.call('bpf_trace_printk', stack, 9, 7, 0, 0)).toBe(BigInt(-abi.EINVAL));
      expect(runtime.printed()).toEqual(['x=7 y=str']);
    });

    test('trace_vprintk takes up to 12 values', () => {
      const { runtime, stack } = open();
      runtime.write(stack, text('%d%d%d%d\0'));
      [1, 2, 3, 4].forEach((value, i) => {
        runtime.setU64(stack + 64 + 8 * i, BigInt(value));
      });
      expect(runtime.call('bpf_trace_vprintk', stack, 9, stack + 64, 32)).toBe(4n);
      expect(runtime.call('bpf_trace_vprintk', stack, 9, stack + 64, 12)).toBe(BigInt(-abi.EINVAL));
      expect(runtime.call('bpf_trace_vprintk', stack, 9, stack + 64, 104)).toBe(BigInt(-abi.EINVAL));
      expect(runtime.printed()).toEqual(['1234']);
    });
  });

  test('csum_diff', () => {
    const { runtime, stack } = open();
    runtime.write(stack, Uint8Array.of(1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff));
    const diff = (...args: number[]) => Number(runtime.call('bpf_csum_diff', ...args));
    expect(diff(0, 0, stack, 4, 0)).toBe(0x0604);
    expect(diff(stack, 4, 0, 0, 0)).toBe(0xf9fb);
    expect(diff(stack, 4, stack, 4, 0)).toBe(0xffff);
    expect(diff(0, 0, stack, 4, 0xffff)).toBe(0x0604);
    expect(diff(0, 0, 0, 0, 0)).toBe(0);
    expect(diff(0, 0, stack, 3, 0)).toBe(0x0204);
  });

  describe('reads of unowned memory', () => {
    test('probe_read copies what the program has, and clears the destination otherwise', () => {
      const { runtime, stack } = open();
      runtime.write(stack, text('abcdefgh'));
      expect(runtime.call('bpf_probe_read', stack + 64, 8, stack)).toBe(0n);
      expect(asText(runtime.read(stack + 64, 8))).toBe('abcdefgh');
      for (const address of [0n, BigInt(layout.HEADER), 1n << 40n, -8n, BigInt(stack) + (1n << 32n)]) {
        expect(runtime.call('bpf_probe_read_kernel', stack + 64, 8, address)).toBe(BigInt(-abi.EFAULT));
        expect(runtime.u64(stack + 64)).toBe(0n);
        runtime.setU64(stack + 64, 1n);
      }
    });

    test('probe_read_str returns the length with the NUL, which is always there', () => {
      const { runtime, stack } = open();
      runtime.write(stack, text('hello\0'));
      expect(runtime.call('bpf_probe_read_str', stack + 64, 16, stack)).toBe(6n);
      expect(runtime.call('bpf_probe_read_user_str', stack + 64, 3, stack)).toBe(3n);
      expect(asText(runtime.read(stack + 64, 3))).toBe('he\0');
      expect(runtime.call('bpf_probe_read_kernel_str', stack + 64, 0, stack)).toBe(0n);
      expect(runtime.call('bpf_probe_read_kernel_str', stack + 64, 4, 16)).toBe(BigInt(-abi.EFAULT));
    });

    test('a string that ends with readable memory is read, one that runs out of it is not', () => {
      const { runtime, stack } = open();
      const end = runtime.frame;
      runtime.write(end - 4, text('abc\0'));
      expect(runtime.call('bpf_probe_read_str', stack, 16, end - 4)).toBe(4n);
      runtime.write(end - 1, text('d'));
      expect(runtime.call('bpf_probe_read_str', stack, 16, end - 4)).toBe(BigInt(-abi.EFAULT));
    });
  });

  test('clocks are the host’s, or virtual', () => {
    const { runtime } = open();
    expect(runtime.call('bpf_ktime_get_ns')).toBe(BigInt(CLOCKS.monotonic));
    expect(runtime.call('bpf_ktime_get_boot_ns')).toBe(BigInt(CLOCKS.boottime));
    expect(runtime.call('bpf_ktime_get_tai_ns')).toBe(BigInt(CLOCKS.realtime));
    expect(runtime.call('bpf_jiffies64')).toBe(BigInt(Math.floor(CLOCKS.monotonic / 4e6)));
    runtime.setU32(layout.HEADER + layout.HDR_CLOCK_VIRTUAL, 1);
    runtime.setU64(layout.HEADER + layout.HDR_CLOCK_NS, 77n);
    expect(runtime.call('bpf_ktime_get_ns')).toBe(77n);
    expect(runtime.call('bpf_ktime_get_coarse_ns')).toBe(77n);
  });

  test('who and where', () => {
    const { runtime, stack } = open();
    runtime.setU64(layout.HEADER + layout.HDR_PID_TGID, (5n << 32n) | 6n);
    runtime.setU64(layout.HEADER + layout.HDR_UID_GID, 9n);
    runtime.write(layout.HEADER + layout.HDR_COMM, text('a-name-of-15-ch\0'));
    expect(runtime.call('bpf_get_current_pid_tgid')).toBe((5n << 32n) | 6n);
    expect(runtime.call('bpf_get_current_uid_gid')).toBe(9n);
    runtime.write(stack, text('x'.repeat(20)));
    expect(runtime.call('bpf_get_current_comm', stack, 20)).toBe(0n);
    expect(asText(runtime.read(stack, 20))).toBe('a-name-of-15-ch\0\0\0\0\0');
    expect(runtime.call('bpf_get_current_comm', stack, 4)).toBe(0n);
    expect(asText(runtime.read(stack, 5))).toBe('a-n\0m');
    runtime.attach(1);
    expect(runtime.call('bpf_get_smp_processor_id')).toBe(1n);
    expect(runtime.call('bpf_get_numa_node_id')).toBe(0n);
  });

  test('random numbers repeat with their seed', () => {
    const { runtime } = open();
    const draw = () => Array.from({ length: 4 }, () => runtime.call('bpf_get_prandom_u32'));
    runtime.setU64(runtime.run + layout.RUN_RANDOM, 1n);
    const once = draw();
    runtime.setU64(runtime.run + layout.RUN_RANDOM, 1n);
    expect(draw()).toEqual(once);
    expect(new Set(once).size).toBe(4);
    for (const number of once) expect(number).toBeLessThan(1n << 32n);
  });

  describe('sandbox', () => {
    test('memory and maps that are not the program’s end the run', () => {
      const { runtime, stack } = open();
      const map = runtime.create({ type: abi.MAP_TYPE_HASH });
      runtime.start({ maps: [map] });
      const other = runtime.create({ type: abi.MAP_TYPE_HASH });
      const lookup = (...args: (number | bigint)[]) => runtime.trapOf('bpf_map_lookup_elem', ...args)?.kind;
      expect(lookup(map, stack)).toBeUndefined();
      expect(lookup(other, stack)).toBe(traps.TRAP_BAD_MAP);
      expect(lookup(map + 4, stack)).toBe(traps.TRAP_BAD_MAP);
      expect(lookup(BigInt(map) | (1n << 32n), stack)).toBe(traps.TRAP_BAD_MAP);
      expect(lookup(map, layout.HEADER)).toBe(traps.TRAP_HELPER_MEMORY);
      expect(lookup(map, runtime.frame - 3)).toBe(traps.TRAP_HELPER_MEMORY);
      expect(runtime.trapOf('bpf_strtol', stack, 1n << 40n, 0, stack)?.kind).toBe(traps.TRAP_BAD_ARGUMENT);
      expect(runtime.trapOf('bpf_ringbuf_reserve', map, 8, 0)?.kind).toBe(traps.TRAP_BAD_ARGUMENT);
      expect(runtime.trapOf('bpf_loop', 1, stack, 0, 0)?.kind).toBe(traps.TRAP_BAD_FUNCTION);
    });

    test('helpers that handle much memory are paid for', () => {
      const { runtime } = open();
      const map = runtime.create({ type: abi.MAP_TYPE_ARRAY, valueSize: 65536, maxEntries: 2 });
      runtime.start({ maps: [map] });
      const fuel = () => Number(runtime.u64(runtime.run + layout.RUN_FUEL));
      const before = fuel();
      const value = runtime.u32(map + layout.MAP_VALUES);
      runtime.call('bpf_map_update_elem', map, runtime.frame - 8, value, 0);
      expect(before - fuel()).toBe(1024);
      runtime.call('bpf_probe_read', runtime.frame - 512, 512, runtime.frame - 512);
      expect(before - fuel()).toBe(1024);
      runtime.setU64(runtime.run + layout.RUN_FUEL, 1000n);
      expect(runtime.trapOf('bpf_probe_read', value, 65536, value)?.kind).toBe(traps.TRAP_BUDGET);
    });

    test('maps that programs may only read, or only write', () => {
      const { runtime, stack } = open();
      const readOnly = runtime.create({ type: abi.MAP_TYPE_ARRAY, flags: abi.BPF_F_RDONLY_PROG });
      const writeOnly = runtime.create({ type: abi.MAP_TYPE_ARRAY, flags: abi.BPF_F_WRONLY_PROG });
      runtime.start({ maps: [readOnly, writeOnly] });
      const update = 'bpf_map_update_elem';
      expect(runtime.trapOf(update, readOnly, stack, stack, 0)?.kind).toBe(traps.TRAP_BAD_ARGUMENT);
      expect(runtime.trapOf('bpf_map_lookup_elem', writeOnly, stack)?.kind).toBe(traps.TRAP_BAD_ARGUMENT);
      expect(runtime.call(update, writeOnly, stack, stack, 0)).toBe(0n);
      expect(runtime.call('bpf_map_lookup_elem', readOnly, stack)).toBeGreaterThan(0n);
    });
  });

  test('loop refuses flags and more than 2^23 turns', () => {
    const { runtime } = open();
    const prog = runtime.u32(runtime.run + layout.RUN_PROG);
    const func = runtime.exports.alloc(layout.FUNC_SIZE);
    runtime.setU32(prog + layout.PROG_FUNCS, func);
    runtime.setU32(prog + layout.PROG_NFUNCS, 1);
    expect(runtime.call('bpf_loop', 1, func, 0, 1)).toBe(BigInt(-abi.EINVAL));
    expect(runtime.call('bpf_loop', (1 << 23) + 1, func, 0, 0)).toBe(BigInt(-abi.E2BIG));
    expect(runtime.call('bpf_loop', 0, func, 0, 0)).toBe(0n);
  });

  test('spin locks', () => {
    const { runtime } = open();
    const map = runtime.create({ type: abi.MAP_TYPE_ARRAY, valueSize: 8 });
    runtime.start({ maps: [map] });
    const value = runtime.u32(map + layout.MAP_VALUES);
    expect(runtime.call('bpf_spin_lock', value)).toBe(0n);
    expect(runtime.call('bpf_spin_unlock', value)).toBe(0n);
    expect(runtime.u32(value)).toBe(0);
  });
});

describe('packets', () => {
  const packet = Uint8Array.from({ length: 64 }, (_, i) => i);
  const xdp = (headroom = 256, tailroom = 128) => {
    const runtime = new Runtime('plain');
    const context = Number(runtime.start({ context: layout.CTX_XDP, packet, headroom, tailroom }));
    const call = (name: string, ...args: number[]) => Number(runtime.call(name, context, ...args));
    const data = () => {
      runtime.exports.finish(runtime.record, 0n);
      return [
        ...runtime.read(runtime.u32(runtime.record + layout.REC_DATA), runtime.u32(runtime.record + 4)),
      ];
    };
    return { runtime, context, call, data };
  };

  test('xdp_adjust_head keeps 40 bytes of headroom and 14 of packet', () => {
    const { call, data } = xdp();
    expect(call('bpf_xdp_adjust_head', u32(-217))).toBe(-abi.EINVAL);
    expect(call('bpf_xdp_adjust_head', 51)).toBe(-abi.EINVAL);
    expect(call('bpf_xdp_adjust_head', 50)).toBe(0);
    expect(data()).toEqual([...packet.subarray(50)]);
    expect(call('bpf_xdp_adjust_head', u32(-266))).toBe(0);
    expect(data()).toHaveLength(280);
  });

  test('xdp_adjust_head rewrites the context and takes metadata along', () => {
    const { runtime, context, call } = xdp();
    expect(call('bpf_xdp_adjust_meta', u32(-8))).toBe(0);
    const meta = runtime.u32(context + layout.XDP_MD_DATA_META);
    expect(runtime.u32(context + layout.XDP_MD_DATA)).toBe(meta + 8);
    runtime.write(meta, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(call('bpf_xdp_adjust_head', 4)).toBe(0);
    expect(runtime.u32(context + layout.XDP_MD_DATA)).toBe(meta + 12);
    expect([...runtime.read(runtime.u32(context + layout.XDP_MD_DATA_META), 8)]).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    expect(call('bpf_xdp_adjust_head', u32(-213))).toBe(-abi.EINVAL);
  });

  test('xdp_adjust_meta takes multiples of 4 up to 255 and not beyond the data', () => {
    const { call } = xdp(512);
    expect(call('bpf_xdp_adjust_meta', u32(-2))).toBe(-abi.EACCES);
    expect(call('bpf_xdp_adjust_meta', 4)).toBe(-abi.EINVAL);
    expect(call('bpf_xdp_adjust_meta', u32(-256))).toBe(-abi.EACCES);
    expect(call('bpf_xdp_adjust_meta', u32(-252))).toBe(0);
  });

  test('xdp_adjust_tail clears what it adds', () => {
    const { runtime, context, call, data } = xdp();
    runtime.bytes.fill(0xaa, runtime.u32(context + layout.XDP_MD_DATA_END), runtime.u32(context + 4) + 128);
    expect(call('bpf_xdp_adjust_tail', 129)).toBe(-abi.EINVAL);
    expect(call('bpf_xdp_adjust_tail', u32(-51))).toBe(-abi.EINVAL);
    expect(call('bpf_xdp_adjust_tail', 2)).toBe(0);
    expect(data()).toEqual([...packet, 0, 0]);
    expect(call('bpf_xdp_get_buff_len')).toBe(66);
  });

  test('xdp_load_bytes and xdp_store_bytes', () => {
    const { runtime, call, data } = xdp();
    const stack = runtime.frame - 64;
    expect(call('bpf_xdp_load_bytes', 60, stack, 4)).toBe(0);
    expect([...runtime.read(stack, 4)]).toEqual([60, 61, 62, 63]);
    expect(call('bpf_xdp_load_bytes', 61, stack, 4)).toBe(-abi.EINVAL);
    expect(call('bpf_xdp_load_bytes', 0x10000, stack, 4)).toBe(-abi.EFAULT);
    expect(call('bpf_xdp_store_bytes', 0, stack, 4)).toBe(0);
    expect(data().slice(0, 4)).toEqual([60, 61, 62, 63]);
  });

  test('a wrong context ends the run', () => {
    const { runtime, context } = xdp();
    expect(runtime.trapOf('bpf_xdp_adjust_head', context + 4, 0)?.kind).toBe(traps.TRAP_BAD_ARGUMENT);
    expect(runtime.trapOf('bpf_skb_load_bytes', context, 0, runtime.frame - 8, 4)?.kind).toBe(
      traps.TRAP_BAD_ARGUMENT,
    );
  });

  const skb = () => {
    const runtime = new Runtime('plain');
    const context = Number(runtime.start({ context: layout.CTX_SKB, packet }));
    const stack = runtime.frame - 64;
    const call = (name: string, ...args: number[]) => Number(runtime.call(name, context, ...args));
    const data = runtime.u32(context + layout.SKB_DATA);
    return { runtime, context, call, stack, data };
  };

  test('skb_load_bytes clears the destination when out of range', () => {
    const { runtime, call, stack } = skb();
    expect(call('bpf_skb_load_bytes', 0, stack, 4)).toBe(0);
    expect([...runtime.read(stack, 4)]).toEqual([0, 1, 2, 3]);
    expect(call('bpf_skb_load_bytes', 62, stack, 4)).toBe(-abi.EFAULT);
    expect(runtime.u32(stack)).toBe(0);
    expect(call('bpf_skb_load_bytes', u32(-4), stack, 4)).toBe(-abi.EFAULT);
    expect(call('bpf_skb_load_bytes_relative', 0, stack, 2, 1)).toBe(0);
    expect([...runtime.read(stack, 2)]).toEqual([14, 15]);
    expect(call('bpf_skb_load_bytes_relative', 0, stack, 2, 2)).toBe(-abi.EFAULT);
  });

  test('skb_store_bytes and skb_pull_data', () => {
    const { runtime, context, call, stack, data } = skb();
    runtime.write(stack, Uint8Array.of(9, 8, 7));
    runtime.setU32(context + layout.SKB_HASH, 5);
    expect(call('bpf_skb_store_bytes', 61, stack, 3, 2)).toBe(0);
    expect([...runtime.read(data + 61, 3)]).toEqual([9, 8, 7]);
    expect(runtime.u32(context + layout.SKB_HASH)).toBe(0);
    expect(call('bpf_skb_store_bytes', 62, stack, 3, 0)).toBe(-abi.EFAULT);
    expect(call('bpf_skb_store_bytes', 0, stack, 3, 4)).toBe(-abi.EINVAL);
    expect(call('bpf_skb_pull_data', 64)).toBe(0);
    expect(call('bpf_skb_pull_data', 65)).toBe(-abi.ENOMEM);
  });

  test('l3_csum_replace keeps a header’s checksum right', () => {
    const { runtime, call, data } = skb();
    const header = '450000730000400040110000c0a80001c0a800c7';
    runtime.write(data + 14, Buffer.from(header, 'hex'));
    runtime.write(data + 24, Buffer.from('b861', 'hex'));
    const old = runtime.u32(data + 26);
    runtime.write(data + 26, Uint8Array.of(10, 0, 0, 1));
    expect(call('bpf_l3_csum_replace', 24, old, runtime.u32(data + 26), 4)).toBe(0);
    expect(Number(runtime.call('bpf_csum_diff', 0, 0, data + 14, 20, 0))).toBe(0xffff);
    expect(call('bpf_l3_csum_replace', 24, 0, 0, 3)).toBe(-abi.EINVAL);
    expect(call('bpf_l3_csum_replace', 25, 0, 0, 4)).toBe(-abi.EFAULT);
  });

  test('l4_csum_replace leaves a UDP checksum of 0 alone when told so', () => {
    const { runtime, call, data } = skb();
    runtime.write(data + 40, Uint8Array.of(0, 0));
    expect(call('bpf_l4_csum_replace', 40, 1, 2, 0x20 | 2)).toBe(0);
    expect([...runtime.read(data + 40, 2)]).toEqual([0, 0]);
    expect(call('bpf_l4_csum_replace', 40, 1, 2, 0x100)).toBe(-abi.EINVAL);
  });
});

describe('redirects', () => {
  const open = (context: number) => {
    const runtime = new Runtime('plain');
    const devices = runtime.create({ type: abi.MAP_TYPE_DEVMAP, valueSize: 8, maxEntries: 4 });
    const hash = runtime.create({ type: abi.MAP_TYPE_DEVMAP_HASH, valueSize: 4, maxEntries: 4 });
    const cpus = runtime.create({ type: abi.MAP_TYPE_CPUMAP, maxEntries: 4 });
    runtime.start({ context, maps: [devices, hash, cpus] });
    const call = (name: string, ...args: number[]) => Number(runtime.call(name, ...args));
    return { runtime, devices, hash, cpus, call };
  };

  test('redirect is recorded for the host', () => {
    const { runtime, call } = open(layout.CTX_XDP);
    expect(call('bpf_redirect', 7, 0)).toBe(4);
    expect(runtime.u32(runtime.run + layout.RUN_REDIRECT_INDEX)).toBe(7);
    expect(call('bpf_redirect', 7, 1)).toBe(0);
    const tc = open(layout.CTX_SKB);
    expect(tc.call('bpf_redirect', 7, 1)).toBe(7);
    expect(tc.call('bpf_redirect', 7, 2)).toBe(2);
  });

  test('redirect_map falls back to the action in its flags', () => {
    const { runtime, devices, hash, cpus, call } = open(layout.CTX_XDP);
    expect(runtime.update(devices, 2, Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0))).toBe(0);
    expect(runtime.update(hash, 100, 9)).toBe(0);
    expect(call('bpf_redirect_map', devices, 2, 2)).toBe(4);
    expect(runtime.u32(runtime.run + layout.RUN_REDIRECT_MAP)).toBe(devices);
    expect(call('bpf_redirect_map', devices, 1, 2)).toBe(2);
    expect(runtime.u32(runtime.run + layout.RUN_REDIRECT_MAP)).toBe(0);
    expect(call('bpf_redirect_map', devices, 99, 1)).toBe(1);
    expect(call('bpf_redirect_map', devices, 1, 8)).toBe(4);
    expect(call('bpf_redirect_map', cpus, 1, 8)).toBe(0);
    expect(call('bpf_redirect_map', hash, 100, 0)).toBe(4);
    expect(call('bpf_redirect_map', hash, 101, 0)).toBe(0);
  });
});

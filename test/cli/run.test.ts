import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { openCapture, writePcap } from '../../src/index.ts';
import { CAPTURE, example, jsonLines, scratchFolder, webpf } from './harness.ts';

const files = scratchFolder();

/** r0 = the first byte of memory plus one, which is written back. */
const INCREMENT = 'r0 = *(u8 *)(r1 + 0)\nr0 += 1\n*(u8 *)(r1 + 0) = r0\nexit\n';
const PASS = 'r0 = 2\nexit\n';
/** Packets of the capture to or from UDP port 53: what `tcpdump -r traffic.pcap udp port 53` prints. */
const DNS = 198;
/** Reads behind the packet of every event. */
const WILD = 'r2 = *(u32 *)(r1 + 4)\nr0 = *(u8 *)(r2 + 0)\nexit\n';

describe.each(['jit', 'interp', 'auto'])('webpf run in %s', (engine) => {
  const flags = ['--engine', engine];

  it('gives the fields other tools count on', async () => {
    const file = await files.write('increment.s', INCREMENT);
    const { code, out } = await webpf(['run', file, '--data', '41 42', '--json', ...flags]);
    expect(code).toBe(0);
    expect(jsonLines(out)).toEqual([
      // What it ran with in the end: `jit` where an earlier run has left a translation.
      {
        program: 'increment',
        engine: engine === 'auto' ? expect.stringMatching(/^(jit|interp)$/) : engine,
        r0: '66',
        verdict: '66',
        data: '4242',
        dataChanged: true,
      },
    ]);
  });

  it('prints r0 as an unsigned decimal of 64 bits', async () => {
    const file = await files.write('minus.s', 'r0 = -1\nexit\n');
    const { out } = await webpf(['run', file, '--json', ...flags]);
    expect(jsonLines(out)[0]).toMatchObject({ r0: '18446744073709551615', data: '', dataChanged: false });
  });

  it('counts verdicts over a capture and shows maps by name', async () => {
    const { code, out, err } = await webpf(['run', example('flows.bpf.o'), '-c', CAPTURE, ...flags]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/XDP_PASS +3,735 +100\.0 %/);
    expect(out).toMatch(/rate: .* a packet/);
    expect(out).toMatch(/^ +TCP +1456 +680394$/m);
    expect(out).toMatch(/^ +10\.10\.0\.1 +1079 /m);
    expect(out).toMatch(/^ +fd00:10::11 +582 /m);
  });

  it('sums up traps by kind, with the first of them', async () => {
    const file = await files.write('wild.s', WILD);
    const argv = ['run', file, '--type', 'xdp', '--sandbox', '-c', CAPTURE, '--json', ...flags];
    const { code, out } = await webpf(argv);
    expect(code).toBe(0);
    const [summary] = jsonLines(out);
    expect(summary).toMatchObject({ packets: 3735, verdicts: {}, complete: true });
    expect(summary?.traps).toMatchObject([{ kind: 'memory', count: 3735, packet: 0, insn: 1 }]);
  });
});

describe('webpf run over a packet', () => {
  it('shows verdict and packet', async () => {
    const file = await files.write('increment.bpfasm', INCREMENT);
    const { out } = await webpf(['run', file, '--data', '0x0a']);
    expect(out).toContain('r0: 11 (0xb)');
    expect(out).toContain('data: 1 byte, changed');
    expect(out).toContain('0x0000  0b');
  });

  it('takes data from a file and repeats', async () => {
    const file = await files.write('increment.s', INCREMENT);
    const data = await files.write('data.bin', Uint8Array.of(1));
    const { out } = await webpf(['run', file, '-d', `@${data}`, '-n', '100', '-e', 'interp']);
    expect(out).toMatch(/r0: 2 .*\n[\s\S]*100 runs, .* each/);
  });

  it('runs raw bytecode and programs of a given type', async () => {
    const text = await files.write('pass.s', PASS);
    const binary = files.path('pass.bin');
    await webpf(['asm', text, '-o', binary]);
    const { out } = await webpf(['run', binary, '--type', 'xdp', '--json', '--data', '00'.repeat(14)]);
    expect(jsonLines(out)[0]).toMatchObject({ program: 'pass', verdict: 'XDP_PASS' });
  });

  it('runs classic filters: of packets over a capture, of system calls over their data', async () => {
    const dns = await webpf(['run', example('dns.cbpf'), '-c', CAPTURE, '--json']);
    expect(jsonLines(dns.out)[0]).toMatchObject({ program: 'dns', packets: 3735, verdicts: { keep: DNS } });
    const file = await files.write('deny.seccomp', '1\n6 0 0 327681\n');
    const denied = await webpf(['run', file, '--data', '00'.repeat(64), '--json']);
    expect(denied.err).toBe('');
    expect(jsonLines(denied.out)[0]).toMatchObject({ verdict: 'SECCOMP_RET_ERRNO' });
    const wrong = await files.write('wrong.cbpf', '1\n0 0 0 1\n');
    expect((await webpf(['run', wrong])).err).toBe(
      'webpf: classic filter, instruction 0: the last instruction must be a return\n',
    );
    expect((await webpf(['disasm', example('dns.cbpf'), '--source'])).out).toContain('(000) ldh      [12]');
  });

  it('stops at a trap with one line that names the instruction', async () => {
    const file = await files.write('wild.s', WILD);
    const argv = ['run', file, '--type', 'xdp', '--sandbox', '--data', '00'.repeat(14)];
    const { code, out, err } = await webpf(argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^webpf: wild accesses address 0x.* at instruction 1 \(.*wild\.s:2: .*\)\n$/);
  });

  it('refuses what the verifier rejects, in one line', async () => {
    const file = await files.write('wild.s', WILD);
    const { code, out, err } = await webpf(['run', file, '--type', 'xdp', '--data', '00'.repeat(14)]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^webpf: wild is rejected: .* at instruction 1 \(.*wild\.s:2: .*\n$/);
  });

  it('says that a program of no type is not verified, and why', async () => {
    const file = await files.write('pass.s', PASS);
    const note = /^webpf: note: pass is not verified and runs in the sandbox, as its type is not known.*\n$/;
    expect(await webpf(['run', file])).toMatchObject({ code: 0, err: expect.stringMatching(note) });
    expect(await webpf(['run', file, '--sandbox'])).toMatchObject({ code: 0, err: '' });
    expect(await webpf(['run', file, '--type', 'xdp'])).toMatchObject({ code: 0, err: '' });
  });

  it('does not check what is trusted', async () => {
    const file = await files.write('wild.s', WILD);
    const argv = ['run', file, '--type', 'xdp', '--trusted', '--data', '00'.repeat(14), '--json'];
    expect(await webpf(argv)).toMatchObject({ code: 0, err: '' });
  });

  it('bounds runs by --budget', async () => {
    const file = await files.write('loop.s', 'r0 = 0\nagain:\nr0 += 1\nif r0 != 0 goto again\nexit\n');
    const { code, err } = await webpf(['run', file, '--budget', '1000', '-e', 'interp']);
    expect(code).toBe(1);
    expect(err).toMatch(/budget/);
  });
});

describe('webpf run over a capture', () => {
  it('counts events and printed lines', async () => {
    const argv = ['run', example('pipeline.bpf.o'), '-p', 'pipeline', '-c', CAPTURE, '--json'];
    const lines = jsonLines((await webpf([...argv, '--printk', '2', '--maps', '3'])).out);
    expect(lines.filter((line) => 'printk' in line && !('program' in line))).toHaveLength(2);
    const summary = lines.find((line) => 'program' in line);
    expect(summary).toMatchObject({
      events: [{ map: 'events', type: 'ringbuf', count: 226, lost: 0 }],
      printk: { lines: 7, lost: 0 },
    });
    expect(lines.filter((line) => line.map === 'ports')).toHaveLength(3);
  });

  it('shows global data by variable with --maps all', async () => {
    const argv = ['run', example('pipeline.bpf.o'), '-p', 'pipeline', '-c', CAPTURE, '--maps', 'all'];
    const { out } = await webpf(argv);
    expect(out).toMatch(/^ +totals\.packets +3735$/m);
    expect(out).not.toContain('____fmt');
  });

  it('sets global variables', async () => {
    const argv = ['run', example('firewall.bpf.o'), '-p', 'firewall', '-c', CAPTURE, '--json'];
    const [plain] = jsonLines((await webpf(argv)).out);
    const settings = ['--global', 'drop_fragments=false', '--global', 'closed_ports=[0,0,0,0,0,0,0,0]'];
    const [open] = jsonLines((await webpf([...argv, ...settings])).out);
    expect(open?.verdicts?.XDP_DROP).toBeLessThan(plain?.verdicts?.XDP_DROP ?? 0);
  });

  it('writes what is not dropped', async () => {
    const target = files.path('passed.pcap');
    const argv = ['run', example('firewall.bpf.o'), '-p', 'firewall', '-c', CAPTURE, '-w', target, '--json'];
    const [summary] = jsonLines((await webpf(argv)).out);
    const packets = [...openCapture(await readFile(target))];
    expect(packets).toHaveLength(summary?.written ?? -1);
    expect(summary?.verdicts?.XDP_PASS).toBe(packets.length);
  });

  it('processes what a cut capture has, says so and fails', async () => {
    const whole = await readFile(CAPTURE);
    const cut = await files.write('cut.pcap', whole.subarray(0, 100_000));
    const { code, out, err } = await webpf(['run', example('flows.bpf.o'), '-c', cut]);
    expect(code).toBe(1);
    expect(out).toMatch(/over .*cut\.pcap: \d+ packets/);
    expect(err).toMatch(/^webpf: .*cut\.pcap: at byte \d+: the file is cut short.*\n$/);
  });

  it('refuses a file that is no capture', async () => {
    const { code, out, err } = await webpf(['run', example('flows.bpf.o'), '-c', example('flows.bpf.c')]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/neither pcap nor pcapng/);
  });

  it('warns of packets without an Ethernet header, once', async () => {
    const packets = [{ data: new Uint8Array(20) }, { data: new Uint8Array(20) }];
    const raw = await files.write('raw.pcap', writePcap(packets, { linkType: 101 }));
    const { code, err } = await webpf(['run', example('flows.bpf.o'), '-c', raw]);
    expect(code).toBe(0);
    expect(err.match(/warning: .* link type RAW/g)).toHaveLength(1);
  });

  it('takes an empty capture', async () => {
    const empty = await files.write('empty.pcap', writePcap([]));
    const { code, out } = await webpf(['run', example('flows.bpf.o'), '-c', empty, '--json']);
    expect(code).toBe(0);
    expect(jsonLines(out)[0]).toMatchObject({ packets: 0, nsPerPacket: 0, complete: true });
  });
});

describe('the cache of webpf run', () => {
  it('is used, unless it is not wanted', async () => {
    const file = await files.write('cached.s', PASS);
    const env = { WEBPF_CACHE_DIR: files.path('cache') };
    const argv = ['run', file, '--type', 'xdp', '--json'];
    expect((await webpf([...argv, '--no-cache'], '', env)).code).toBe(0);
    await expect(readdir(files.path('cache'))).rejects.toThrow(/ENOENT/);
    const first = await webpf(argv, '', env);
    await vi.waitFor(async () => expect(await readdir(files.path('cache'))).toHaveLength(1));
    expect(await webpf(argv, '', env)).toEqual(first);
    expect(await readdir(files.path('cache'))).toHaveLength(1);
  });
});

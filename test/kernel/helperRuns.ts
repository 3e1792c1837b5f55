/** Runs calls of helpers in the kernel and in an engine, and says how what they leave differs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAP_TYPE_ARRAY } from '../../src/abi/maps.ts';
import { programTypeNumber } from '../../src/frontend/programTypes.ts';
import {
  type Device,
  type EngineKind,
  open,
  programFromAssembly,
  testRun,
  WebpfError,
} from '../../src/index.ts';
import { assemble } from '../../src/isa/asm.ts';
import { mapSpec } from '../conformance/maps.ts';
import { type Calls, MAX_CALLS, RESULT_BYTES, STACK } from './helperCalls.ts';
import { isRefusal, type KernelJudge } from './kernel.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const PACKETS: readonly Uint8Array[] = [
  new Uint8Array(64),
  // Ethernet, IPv4, TCP
  hex(`02000000000202000000000108004500005600014000400626 9f0a0000010a0000029c4000501122334400000000
       50022000bc1b0000474554202f20485454502f312e300d0a0d0a0000000000000000000000000000000000`),
  // Ethernet, IPv6, UDP
  hex(`02000000000202000000000186dd6000000000181140200100000000000000000000000000012001000000000000
       0000000000000002 1234 0035 0018 abcd 00112233445566778899aabbccddeeff`),
];

interface Ran {
  readonly r0: number;
  readonly packet: string;
  /** What the program has kept. */
  readonly result: string;
}

async function inKernel(judge: KernelJudge, calls: Calls): Promise<Ran[] | string> {
  await judge.reset();
  const map = await judge.map(MAP_TYPE_ARRAY, 4, RESULT_BYTES, 1, 0);
  if (isRefusal(map)) throw new Error(`no map: errno ${map.errno}`);
  const loaded = await judge.load(programTypeNumber(calls.type), assemble(calls.text(`fd:${map.id}`)).code);
  if (isRefusal(loaded)) return loaded.log ?? `errno ${loaded.errno}`;
  const ran: Ran[] = [];
  for (const packet of PACKETS) {
    const run = await judge.run(loaded.id, packet);
    const kept = await judge.lookup(map.id, new Uint8Array(4));
    if (isRefusal(run) || isRefusal(kept))
      throw new Error('the kernel loads the program and does not run it');
    ran.push({ r0: run.retval, packet: run.data, result: kept.value });
  }
  return ran;
}

const NET = '/sys/class/net';
/** 0 where there is no such file: a kernel without IPv6, say. */
const numberIn = (...path: string[]): number =>
  existsSync(join(...path)) ? Number(readFileSync(join(...path), 'utf8')) : 0;
const forwards = (family: string, name: string): boolean =>
  numberIn('/proc/sys/net', family, 'conf', name, 'forwarding') !== 0;

/** The interfaces of this machine, which helpers find when they run in its kernel. */
const DEVICES: readonly Device[] = (existsSync(NET) ? readdirSync(NET) : [])
  .filter((name) => existsSync(join(NET, name, 'ifindex')))
  .map((name) => ({
    ifindex: numberIn(NET, name, 'ifindex'),
    mtu: numberIn(NET, name, 'mtu'),
    up: (numberIn(NET, name, 'flags') & 1) !== 0,
    forwarding: { ipv4: forwards('ipv4', name), ipv6: forwards('ipv6', name) },
  }));
/** The socket that the kernel makes for the packets of a test run. */
const SOCKET = { family: 'unspec', uid: 0, lookup: false } as const;
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Undefined where a helper is one that webpf does not have. */
async function inEngine(calls: Calls, engine: EngineKind): Promise<Ran[] | string | undefined> {
  const maps = [mapSpec('result', MAP_TYPE_ARRAY, 4, RESULT_BYTES, 1)];
  const file = programFromAssembly(calls.text('result'), { name: 'main', type: calls.type, maps });
  try {
    using object = await open(file, { engine });
    for (const device of DEVICES) object.engine.network.setDevice(device);
    const program = await object.program();
    const isSkb = program.contextKind === 'skb';
    const sk = object.engine.socket(SOCKET);
    return PACKETS.map((packet) => {
      const { r0, data } = testRun(program, packet, isSkb ? { sk } : {});
      const result = object.map('result').raw.lookup(new Uint8Array(4)) ?? new Uint8Array();
      return { r0: Number(r0), packet: toHex(data), result: toHex(result) };
    });
  } catch (error) {
    if (error instanceof WebpfError) return error.code === 'missing-helper' ? undefined : error.message;
    throw error;
  }
}

/** What was kept of each call, and of the buffers, in words. */
function keptDifference(calls: Calls, kernel: string, ours: string): string {
  if (kernel === ours) return '';
  const at = [...kernel].findIndex((letter, index) => letter !== ours[index]) >> 1;
  const buffers = RESULT_BYTES - STACK;
  const word = (text: string): string => text.slice((at >> 3) * 16, ((at >> 3) + 1) * 16);
  const where = at < buffers ? calls.names[MAX_CALLS - 1 - (at >> 3)] : `byte ${at - buffers} of the buffers`;
  return `${where}: ${word(ours)} instead of ${word(kernel)}`;
}

function ranDifference(calls: Calls, kernel: Ran, ours: Ran | undefined): string {
  const kept = keptDifference(calls, kernel.result, ours?.result ?? '');
  if (kept !== '') return kept;
  if (kernel.r0 !== ours?.r0) return `r0 is ${ours?.r0} instead of ${kernel.r0}`;
  return kernel.packet === ours.packet ? '' : `the packet is ${ours.packet} instead of ${kernel.packet}`;
}

/**
 * What the kernel and the engines disagree on; undefined where the kernel does not load the program, or
 * webpf lacks a helper of it.
 */
export async function differenceOf(judge: KernelJudge, calls: Calls): Promise<string | undefined> {
  const kernel = await inKernel(judge, calls);
  if (typeof kernel === 'string') return undefined;
  for (const engine of ['interp', 'jit'] as const) {
    const ours = await inEngine(calls, engine);
    if (ours === undefined) return undefined;
    if (typeof ours === 'string') return `${engine}: ${ours}`;
    const found = kernel.map((ran, index) => ranDifference(calls, ran, ours[index]));
    const first = found.findIndex((text) => text !== '');
    if (first >= 0) return `${engine}, packet ${first}: ${calls.names.join(', ')}: ${found[first]}`;
  }
  return '';
}

// The main job: three programs written in C over a recorded capture, in both engines. Shows what they found, that
// the engines agree in every verdict, packet, map entry, event and printed line, and how fast each of them is.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { abi, open, openCapture, readObject } from '../dist/index.js';

const CAPTURE = 'captures/traffic.pcap';
const ENGINES = ['interp', 'jit'];
const MEASURE_MS = 700;

const TCP = 6;
const UDP = 17;

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const print = (text = '') => process.stdout.write(`${text}\n`);
const count = (number) => number.toLocaleString('en-US');
const title = (text) => (process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[1m${text}\x1b[22m` : text);

/** Columns of text, numbers to the right. */
function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const numeric = rows[0].map((_, i) => rows.slice(1).every((row) => /^[\d,]+(\.\d+)?( |$)/.test(row[i])));
  const pad = (cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i]));
  for (const row of rows) print(`  ${row.map(pad).join('   ').trimEnd()}`);
}

const ipv4 = (bytes) => bytes.join('.');

/** The first ones, the largest number of packets first. */
const busiest = (entries, packetsOf, most) =>
  [...entries].sort((a, b) => Number(packetsOf(b[1]) - packetsOf(a[1]))).slice(0, most);

function showFlows(object) {
  const protocols = busiest(object.map('protocols'), ([counter]) => counter.packets, 5);
  table([
    ['protocol', 'packets', 'bytes'],
    ...protocols.map(([name, [{ packets, bytes }]]) => [name, count(packets), count(bytes)]),
  ]);
  const hosts = busiest(object.map('hosts'), (host) => host.sent.packets, 4);
  table([
    ['host', 'sent', 'received', 'latest'],
    ...hosts.map(([key, { sent, received, latest }]) => [
      ipv4(key.bytes),
      count(sent.packets),
      count(received.packets),
      latest,
    ]),
  ]);
  print(`  and ${count(object.map('hosts6').size)} IPv6 hosts`);
}

const deny = { action: 'DENY', packets: 0n };

/** Rules of a firewall: entries of its maps, with the names of its C structs and enums. */
function setRules(object) {
  object.map('prefixes').set({ length: 16, address: [10, 20, 0, 0] }, deny);
  object.map('services').set({ port: 53, protocol: UDP, pad: 0 }, deny);
  object
    .map('forwards')
    .set(
      { address: [192, 0, 2, 10], port: bigEndian(8080), protocol: TCP, pad: 0 },
      { address: [10, 10, 0, 2], port: bigEndian(8081), protocol: TCP, pad: 0 },
    );
}

const bigEndian = (port) => ((port & 0xff) << 8) | (port >> 8);

const REASONS = ['passed', 'broken', 'prefix', 'port', 'fragment', 'expired', 'forwarded'];

function showFirewall(object) {
  const rows = [...object.map('reasons')].filter(([, [counter]]) => counter.packets > 0n);
  table([
    ['reason', 'packets', 'bytes'],
    ...rows.map(([reason, [{ packets, bytes }]]) => [REASONS[reason], count(packets), count(bytes)]),
  ]);
  for (const [{ address, length }, { action, packets }] of object.map('prefixes')) {
    print(`  rule ${ipv4(address)}/${length} ${action}: ${count(packets)} packets`);
  }
}

const addressText = ({ version, port, bytes }) =>
  version === 4 ? `${ipv4(bytes.slice(0, 4))}:${port}` : `IPv6 port ${port}`;

function showPipeline(object, { events, printk }) {
  const { totals, busiest: most } = object.map('.bss').get(0);
  const { connections, refused, questions, unreachable } = totals;
  table([
    ['connections', 'refused', 'DNS questions', 'unreachable'],
    [connections, refused, questions, unreachable].map(count),
  ]);
  print(`  most connections: port ${most.port}, ${most.connections} of them`);
  const shown = ['DNS_QUESTION', 'CONNECTION_REFUSED'].map((wanted) =>
    events.find(({ kind }) => kind === wanted),
  );
  print(`  ${events.length} events, such as: ${shown.map(describe).join('; ')}`);
  print(`  ${printk.length} lines printed, such as "${printk[0]}"`);
}

const describe = ({ kind, source, destination, name }) =>
  kind === 'DNS_QUESTION'
    ? `${kind} ${name}`
    : `${kind} ${addressText(source)} to ${addressText(destination)}`;

const nothing = () => {};

const examples = [
  {
    file: 'flows.bpf.o',
    program: 'count_flows',
    does: 'counts packets by protocol, size and address',
    prepare: nothing,
    show: showFlows,
  },
  {
    file: 'firewall.bpf.o',
    program: 'firewall',
    does: 'drops by prefix, port and header; forwards and counts hops',
    prepare: setRules,
    show: showFirewall,
  },
  {
    file: 'pipeline.bpf.o',
    program: 'pipeline',
    does: 'tail-calls a stage by protocol and reports events through a ring buffer',
    prepare: nothing,
    show: showPipeline,
    events: ['events', 'event'],
  },
];

const hex = (bytes) => Buffer.from(bytes).toString('hex');

const KEPT = new Set([
  abi.MAP_TYPE_HASH,
  abi.MAP_TYPE_ARRAY,
  abi.MAP_TYPE_PERCPU_HASH,
  abi.MAP_TYPE_PERCPU_ARRAY,
  abi.MAP_TYPE_LRU_HASH,
  abi.MAP_TYPE_LPM_TRIE,
]);

/** The bytes of every map that keeps entries, sorted, as text that can be compared. */
function mapContents(object) {
  const contents = {};
  for (const { name, type } of object.maps) {
    if (!KEPT.has(type)) continue;
    contents[name] = Array.from(
      object.map(name).raw.entries(),
      ([key, value]) => `${hex(key)} ${hex(value)}`,
    ).sort();
  }
  return contents;
}

/** One engine's run over the packets, and everything that came of it. */
async function runIn(engine, example, file, packets) {
  const object = await open(file, { engine, time: 0n });
  example.prepare(object);
  const program = await object.program(example.program);
  const ring = example.events && object.ring(...example.events);
  const events = [];
  // A ring buffer is read between small batches, so that nothing is lost.
  const batches = chunks(packets, ring ? 512 : packets.length);
  const pass = (options) =>
    batches.map((batch) => {
      const result = program.runBatch(batch, options);
      if (ring) events.push(...ring.drain());
      return result;
    });
  const parts = pass({ packets: true });
  const printk = [...object.trace.drain()];
  const seen = {
    results: parts.flatMap(({ results }) => Array.from(results, String)),
    packets: parts.flatMap((part) => part.packets.map(hex)),
    traps: parts.flatMap(({ traps }) => traps.map(({ message }) => message)),
    maps: mapContents(object),
    events: [...events],
    printk,
  };
  const again = () => {
    events.length = 0;
    return pass({}).reduce((ns, { elapsedNs }) => ns + elapsedNs, 0);
  };
  return { object, seen, verdicts: sum(parts), again };
}

function chunks(list, size) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

function sum(parts) {
  const verdicts = new Map();
  for (const part of parts) {
    for (const [name, number] of part.verdicts) verdicts.set(name, (verdicts.get(name) ?? 0) + number);
  }
  return verdicts;
}

/** ns a packet: the best pass of those that fit into the time. */
function measure({ again, object }, packets) {
  let best = Number.POSITIVE_INFINITY;
  for (const start = performance.now(); performance.now() - start < MEASURE_MS; ) {
    best = Math.min(best, again());
    for (const _ of object.trace.drain());
  }
  return best / packets.length;
}

/** What differs between two runs: names of the parts. */
const differences = (a, b) => Object.keys(a).filter((part) => asText(a[part]) !== asText(b[part]));

const asText = (value) =>
  JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner));

const list = (verdicts) => Array.from(verdicts, ([name, number]) => `${name} ${count(number)}`).join(', ');

/** Runs an example in both engines, prints what it found, and gives back the time a packet takes in each. */
async function runExample(example, packets) {
  const file = await readObject(here(example.file));
  const [interp, jit] = await Promise.all(ENGINES.map((engine) => runIn(engine, example, file, packets)));
  print(`\n${title(example.program)} ${example.does}`);
  print(`  verdicts: ${list(jit.verdicts)}`);
  example.show(jit.object, jit.seen);
  const wrong = differences(interp.seen, jit.seen);
  const { maps, events, printk } = jit.seen;
  const entries = Object.values(maps).reduce((total, rows) => total + rows.length, 0);
  const compared = `${count(packets.length)} verdicts and packets, ${count(entries)} map entries, ${events.length} events, ${printk.length} lines`;
  print(
    wrong.length === 0 ? `  both engines agree: ${compared}` : `  THE ENGINES DIFFER in ${wrong.join(', ')}`,
  );
  const ns = { interp: measure(interp, packets), jit: measure(jit, packets) };
  for (const { object } of [interp, jit]) object[Symbol.dispose]();
  return { name: example.program, ns, agree: wrong.length === 0 };
}

const perSecond = (ns) => `${(1e3 / ns).toPrecision(3)} million`;

async function main() {
  const capture = openCapture(await readFile(here(CAPTURE)), CAPTURE);
  const packets = Array.from(capture, ({ data }) => data);
  print(`eBPF programs from C over ${count(packets.length)} recorded packets (examples/${CAPTURE}),`);
  print('verified, then interpreted, and translated to WebAssembly.');
  const results = [];
  for (const example of examples) results.push(await runExample(example, packets));
  print(`\n${title('Packets a second')}`);
  table([
    ['program', 'interpreter', 'JIT', 'ns a packet', 'JIT', 'faster by'],
    ...results.map(({ name, ns }) => [
      name,
      perSecond(ns.interp),
      perSecond(ns.jit),
      ns.interp.toFixed(0),
      ns.jit.toFixed(0),
      `${(ns.interp / ns.jit).toFixed(1)} x`,
    ]),
  ]);
  process.exitCode = results.every(({ agree }) => agree) ? 0 : 1;
}

await main();

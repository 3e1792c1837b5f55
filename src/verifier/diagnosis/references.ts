/** What was taken and not given back: records, sockets, locks, sections. */
import type { Reference } from '../walk/state.ts';
import { callAt, calleeName, callText } from './calls.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { assignedIn } from './source.ts';

/** The calls that give back what the call hands out. */
const RELEASES: readonly (readonly [RegExp, (name: string) => string])[] = [
  [/^bpf_ringbuf_reserve$/, (name) => `bpf_ringbuf_submit(${name}, 0) or bpf_ringbuf_discard(${name}, 0)`],
  [/^bpf_ringbuf_reserve_dynptr$/, () => 'bpf_ringbuf_submit_dynptr() or bpf_ringbuf_discard_dynptr()'],
  [/^bpf_(sk|skc)_lookup/, (name) => `bpf_sk_release(${name})`],
  [/^bpf_iter_(\w+)_new$/, () => ''],
  [/^bpf_task_(acquire|from)/, (name) => `bpf_task_release(${name})`],
  [/^bpf_cgroup_/, (name) => `bpf_cgroup_release(${name})`],
  [/^bpf_cpumask_/, (name) => `bpf_cpumask_release(${name})`],
  [/^bpf_(skb|xdp)_ct_/, (name) => `bpf_ct_release(${name})`],
];

function releaseText(scene: Scene, insn: number): string {
  const name = calleeName(scene, insn);
  const iterator = /^bpf_iter_(\w+)_new$/.exec(name)?.[1];
  if (iterator !== undefined) return `bpf_iter_${iterator}_destroy()`;
  const variable = assignedIn(scene.source(insn)) ?? '…';
  return RELEASES.find(([pattern]) => pattern.test(name))?.[1](variable) ?? 'the call that releases it';
}

/** Line of the last branch of the path. */
function lastBranch(scene: Scene): string {
  const { trace, code } = scene.walk;
  for (let node = scene.tracer.last; node !== 0; node = trace.previous(node)) {
    const slot = trace.insn(node);
    if (code.insns[slot]?.kind === 'jump') return `, on the path through ${scene.at(slot)}`;
  }
  return '';
}

const held = (scene: Scene, id: number): Reference | undefined =>
  scene.walk.holdings.references.find((one) => one.id === id);

const ENDINGS: Readonly<Record<string, string>> = {
  BPF_EXIT: 'ends the program',
  tail_call: 'leaves the program by bpf_tail_call()',
  bpf_throw: 'ends the program by bpf_throw()',
};

const endingOf = (reason: string): string =>
  Object.entries(ENDINGS).find(([word]) => reason.includes(word))?.[1] ?? 'ends the program';

/** Node at which the call was walked last. */
function nodeOf(scene: Scene, slot: number): number {
  const { trace } = scene.walk;
  for (let node = scene.tracer.last; node !== 0; node = trace.previous(node)) {
    if (trace.insn(node) === slot) return node;
  }
  return 0;
}

function leaked(scene: Scene, match: RegExpExecArray): Diagnosis {
  const [id, insn] = match.slice(1, 3).map(Number) as [number, number];
  const slot = held(scene, id)?.insn ?? insn;
  const call = callText(scene, { insn: slot, node: nodeOf(scene, slot) });
  return {
    summary: `${scene.where} ${endingOf(scene.reason)} without giving back what ${call} of ${scene.at(slot)} handed out`,
    hint: `call ${releaseText(scene, slot)} before${lastBranch(scene)}`,
  };
}

/** How the regions of the kernel's words are entered and left. */
const REGIONS: Readonly<Record<string, readonly [what: (line: string) => string, leave: string]>> = {
  bpf_spin_lock: [(line) => `with the lock of ${line} still held`, 'bpf_spin_unlock()'],
  bpf_rcu_read_lock: [(line) => `inside of the RCU section that ${line} enters`, 'bpf_rcu_read_unlock()'],
  bpf_preempt_disable: [(line) => `with preemption disabled since ${line}`, 'bpf_preempt_enable()'],
  bpf_local_irq_save: [(line) => `with interrupts disabled since ${line}`, 'bpf_local_irq_restore()'],
};

/** Slot of the latest call that entered the region, on the path. */
function enteredAt(scene: Scene, region: string): number | undefined {
  const { trace } = scene.walk;
  for (let node = scene.tracer.last; node !== 0; node = trace.previous(node)) {
    const slot = trace.insn(node);
    if (callAt(scene, slot) !== undefined && calleeName(scene, slot) === region) return slot;
  }
  return undefined;
}

function inside(scene: Scene, match: RegExpExecArray): Diagnosis {
  const region = match[1] ?? '';
  const [what, leave] = REGIONS[region] ?? [() => `inside of ${region}`, 'the call that leaves it'];
  const slot = enteredAt(scene, region);
  return {
    summary: `${scene.where} ${endingOf(scene.reason)} ${what(slot === undefined ? 'some call' : scene.at(slot))}`,
    hint: `call ${leave} before${lastBranch(scene)}`,
  };
}

function callUnderLock(scene: Scene): Diagnosis {
  const slot = enteredAt(scene, 'bpf_spin_lock');
  const since = slot === undefined ? '' : `, which ${scene.at(slot)} takes`;
  return {
    summary: `${scene.where} calls ${calleeName(scene, scene.slot)}() with the lock held${since}`,
    hint: 'call it before bpf_spin_lock() or after bpf_spin_unlock(): between them nothing may be called',
  };
}

const twice = (scene: Scene): Diagnosis => {
  const slot = enteredAt(scene, 'bpf_spin_lock');
  return {
    summary: `${scene.where} takes a second lock${slot === undefined ? '' : ` while that of ${scene.at(slot)} is held`}`,
    hint: 'release the first lock before the second is taken: a program holds one at a time',
  };
};

const noLock = (scene: Scene): Diagnosis => ({
  summary: `${scene.where} releases a lock that is not held on this path`,
  hint: 'call bpf_spin_lock() on every path that leads here',
});

const otherLock = (scene: Scene): Diagnosis => {
  const slot = enteredAt(scene, 'bpf_spin_lock');
  return {
    summary: `${scene.where} releases another lock than the one that is held${slot === undefined ? '' : ` since ${scene.at(slot)}`}`,
    hint: 'unlock through the pointer that was locked: two lookups give two values, even for one key',
  };
};

function unmatched(scene: Scene, match: RegExpExecArray): Diagnosis {
  const name = match[1] ?? '';
  const enter = name.replace('unlock', 'lock').replace('enable', 'disable').replace('restore', 'save');
  return {
    summary: `${scene.where} calls ${name}() where nothing is to be left`,
    hint: `call ${enter}() before, on every path that leads here`,
  };
}

export const REFERENCES: Explainers = [
  [/^Unreleased reference id=(\d+) alloc_insn=(\d+)/, leaked],
  [/cannot be used inside (\w+)-ed region/, inside],
  [/^function calls are not allowed while holding a lock/, callUnderLock],
  [/^global function calls are not allowed while holding a lock/, callUnderLock],
  [/^Locking two bpf_spin_locks/, twice],
  [/^bpf_spin_unlock without taking a lock/, noLock],
  [/^bpf_spin_unlock of different lock/, otherLock],
  [/^unmatched .*\(kernel function (\w+)\)/, unmatched],
  [
    /^nested rcu read lock/,
    (scene) => ({
      summary: `${scene.where} enters an RCU section inside of another`,
      hint: 'call bpf_rcu_read_unlock() before, or leave the inner pair out',
    }),
  ],
];

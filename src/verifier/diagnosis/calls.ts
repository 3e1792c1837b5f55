/** Calls in the program's own words: `bpf_map_lookup_elem(&flows, …)`. */
import type { CallInsn } from '../../isa/insn.ts';
import { kfuncOf } from '../kfuncs/index.ts';
import type { Origin } from './origin.ts';
import type { Scene } from './scene.ts';
import { argumentIn } from './source.ts';

export function callAt(scene: Scene, slot: number): CallInsn | undefined {
  const insn = scene.walk.code.insns[slot];
  return insn?.kind === 'call' ? insn : undefined;
}

/** The called function's name; '' where it is not known. */
export function calleeName(scene: Scene, slot: number): string {
  const call = callAt(scene, slot);
  if (call === undefined) return '';
  const { walk } = scene;
  switch (call.target) {
    case 'helper':
      return walk.env.helper(call.imm)?.name ?? `helper ${call.imm}`;
    case 'kfunc':
      return walk.code.program.kfuncs?.[call.imm] ?? '';
    case 'local':
      return walk.code.subprograms[walk.code.owner[slot + 1 + call.imm] ?? 0]?.name ?? '';
  }
}

function argumentCount(scene: Scene, call: CallInsn): number | undefined {
  return scene.walk.code.countArguments(call);
}

/** The call of a node of the trace, with the map it is about. */
export function callText(scene: Scene, { node, insn }: Pick<Origin, 'node' | 'insn'>): string {
  const name = calleeName(scene, insn);
  const call = callAt(scene, insn);
  if (call === undefined) return name;
  const count = argumentCount(scene, call);
  if (count === 0) return `${name}()`;
  const { trace } = scene.walk;
  const isMapCall = call.target === 'helper' && scene.walk.env.helper(call.imm)?.args[0]?.kind === 'map';
  if (!isMapCall || node === 0) return `${name}(…)`;
  const { maker } = scene.tracer.before(trace.previous(node), trace.frame(node), 1, insn);
  const map = maker.kind === 'map' ? scene.map(maker.map)?.name : undefined;
  if (map === undefined) return `${name}(…)`;
  return count === 1 ? `${name}(&${map})` : `${name}(&${map}, …)`;
}

/** A call on the way to the refused instruction. */
export interface PastCall {
  readonly node: number;
  readonly insn: number;
}

/** Calls walked after a node, the latest first. */
export function* callsAfter(scene: Scene, since: number): Generator<PastCall> {
  const { trace } = scene.walk;
  let node = scene.tracer.last;
  for (let steps = 0; node !== 0 && node !== since && steps < 1_000_000; steps++) {
    const insn = trace.insn(node);
    if (callAt(scene, insn) !== undefined) yield { node, insn };
    node = trace.previous(node);
  }
}

/** Whether the call may move the packet. */
export function movesPacket(scene: Scene, { insn }: PastCall): boolean {
  const call = callAt(scene, insn);
  if (call === undefined) return false;
  const { env, code } = scene.walk;
  if (call.target === 'helper') return env.helper(call.imm)?.changesPacket ?? false;
  if (call.target === 'kfunc') return kfuncOf(code.program.kfuncs?.[call.imm] ?? '')?.changesPacket ?? false;
  return env.changingFunctions.has(code.owner[insn + 1 + call.imm] ?? 0);
}

/** What the source passes as an argument of the refused call. */
export const passedText = (scene: Scene, register: number): string | undefined =>
  argumentIn(scene.source(), calleeName(scene, scene.slot), register);

/** Registers whose reference the call takes. */
function releasedBy(scene: Scene, { insn }: PastCall): number[] {
  const call = callAt(scene, insn);
  if (call?.target === 'helper') {
    const args = scene.walk.env.helper(call.imm)?.args ?? [];
    return args.flatMap((argument, index) => {
      const takes = argument.kind === 'ringRecord' || ('release' in argument && argument.release === true);
      return takes ? [index + 1] : [];
    });
  }
  if (call?.target !== 'kfunc') return [];
  const args = kfuncOf(scene.walk.code.program.kfuncs?.[call.imm] ?? '')?.args ?? [];
  return args.flatMap((argument, index) => (argument.kind === 'btf' && argument.release ? [index + 1] : []));
}

/** The call that has taken what another call handed out. */
export function releaseOf(scene: Scene, acquired: Origin): PastCall | undefined {
  const { trace } = scene.walk;
  for (const call of callsAfter(scene, acquired.node)) {
    const takes = releasedBy(scene, call).some((register) => {
      const given = scene.tracer.before(
        trace.previous(call.node),
        trace.frame(call.node),
        register,
        call.insn,
      );
      return given.node === acquired.node;
    });
    if (takes) return call;
  }
  return undefined;
}

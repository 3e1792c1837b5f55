import * as layout from '../abi/layout.ts';
import { MAP_TYPE_PROG_ARRAY } from '../abi/maps.ts';
import { WebpfError } from '../errors.ts';
import type { Program, ProgramType } from '../frontend/program.ts';
import { programTypeNumber } from '../frontend/programTypes.ts';
import { predecode } from '../interp/predecode.ts';
import { Stepper } from '../interp/stepper.ts';
import { helperName, TAIL_CALL } from '../isa/helpers.ts';
import { compileArtifact } from '../jit/instantiate.ts';
import { liveCalls } from '../verifier/live.ts';
import type { Proof } from '../verifier/proof.ts';
import { checkStructure, type Structure, takenSubprograms } from '../verifier/structure.ts';
import { type Admission, unverified } from './admit.ts';
import { contextCodes, contextKindOf } from './context.ts';
import { writeDescriptor } from './descriptor.ts';
import type { Engine } from './engine.ts';
import type { FlowKeys } from './flowKeys.ts';
import { needsProof } from './kfuncs.ts';
import { leavesPackets } from './leavesPackets.ts';
import type { RawMap } from './maps/raw.ts';
import { oneByOne } from './oneByOne.ts';
import type { Placed } from './placed.ts';
import { BpfProgram, type Executor } from './program.ts';
import { refuseAt } from './refuse.ts';
import { auto } from './tiers/auto.ts';
import { withTimers } from './timers.ts';
import { linkTranslated, remember, translateFor } from './translated.ts';

/** Refuses a program that may reach what its CO-RE relocations have left without an answer: all of it, unless verified. */
function refusePoisoned(program: Program, { mode }: Proof): void {
  const [first] = program.poisoned ?? [];
  if (first === undefined || mode === 'verified') return;
  const [insn, message] = first;
  refuseAt(program, { code: 'unsupported', insn, does: 'is not complete', right: `: ${message}` });
}

/** Refuses a program that calls a helper neither the runtime nor the host has, naming it and the instruction. */
function refuseMissingHelpers(engine: Engine, program: Program, structure: Structure, proof: Proof): void {
  for (const [id, insn] of liveCalls(structure, proof, 'helper')) {
    if (engine.helpers.has(id)) continue;
    refuseAt(program, {
      code: 'missing-helper',
      insn,
      does: `calls ${helperName(id) ?? 'helper'}#${id}`,
      right: ', which webpf does not have: supply it with the option "helpers"',
    });
  }
}

/** Refuses a program that calls a function of the kernel which the runtime lacks, naming it and the instruction. */
function refuseMissingKfuncs(engine: Engine, program: Program, structure: Structure, proof: Proof): void {
  for (const [index, insn] of liveCalls(structure, proof, 'kfunc')) {
    const name = structure.kfuncNames[index] ?? `#${index}`;
    const isFor = proof.mode !== 'sandbox' || !needsProof(name);
    if (engine.kfuncs.has(name) && isFor) continue;
    refuseAt(program, {
      code: 'unsupported',
      insn,
      does: `calls the kernel function ${name} (kfunc)`,
      right: isFor ? ', which webpf does not have' : ', which only a verified program may call',
    });
  }
}

/** Refuses a program that would share a prog_array with programs that take other contexts for theirs. */
function refuseTailCalls(
  engine: Engine,
  program: Program,
  maps: readonly RawMap[],
  type: Admission['type'],
): void {
  const other = maps.find(
    ({ address, spec }) => spec.type === MAP_TYPE_PROG_ARRAY && !engine.tailCalls.accepts(address, type),
  );
  if (other === undefined) return;
  throw new WebpfError(
    'bad-program',
    `${program.name} uses the prog_array "${other.spec.name}", which is for programs of another type already`,
    { stage: 'runtime', subject: program.name },
  );
}

/** Types whose programs see packets and may not write to them (may_access_direct_pkt_data of the kernel). */
const PACKET_READERS: ReadonlySet<ProgramType> = new Set([
  'socket_filter',
  'cgroup_skb',
  'lwt_in',
  'lwt_out',
  'lwt_seg6local',
  'flow_dissector',
  'sk_reuseport',
]);

/** Frames of stack to clear before a run: all of them where the callees are known at run time only. */
const framesOf = (structure: Structure): number =>
  structure.indirectCalls.length > 0 || structure.helpers.has(TAIL_CALL)
    ? layout.MAX_FRAMES
    : structure.frames;

/** Maps of a program: those of `program.maps`, in order, and all that it may touch, inner maps among them. */
export interface ProgramMaps {
  readonly own: readonly RawMap[];
  readonly granted: readonly RawMap[];
}

/**
 * Checks a program's structure and gives it its place in linear memory.
 *
 * @param admission what admit() has found; without it the program is not verified
 */
export function place(
  engine: Engine,
  program: Program,
  maps: ProgramMaps,
  admission: Admission = unverified(engine, contextKindOf(program.type)),
): Placed {
  const { contextKind, proof, facts, type, setting, artifact, keep } = admission;
  const structure = checkStructure(program);
  refusePoisoned(program, facts ?? proof);
  refuseMissingHelpers(engine, program, structure, proof);
  refuseMissingKfuncs(engine, program, structure, proof);
  refuseTailCalls(engine, program, maps.own, type);
  const flowKeys = program.type === 'flow_dissector' && contextKind === 'skb' ? engine.flowKeys : undefined;
  const regions = flowKeys === undefined ? [] : [flowKeys.region];
  const id = engine.nextProgramId();
  const descriptor = writeDescriptor(engine.memory, {
    id,
    type: programTypeNumber(program.type),
    slots: program.code.length / 8,
    mainSlots: structure.subprograms[0]?.length ?? 0,
    contextCode: contextCodes[contextKind],
    sandbox: proof.mode === 'sandbox',
    packetReadOnly: PACKET_READERS.has(program.type),
    frames: framesOf(structure),
    maps: maps.granted,
    regions,
    functions: takenSubprograms(structure),
  });
  engine.addProgram(descriptor.address, { ...program, insns: structure.decoded.insns });
  joinTailCalls(engine, descriptor.address, maps.own, admission);
  const found = { program, structure, contextKind, proof, facts, setting, artifact, keep };
  return { ...found, maps: maps.own, descriptor, regions, flowKeys, id };
}

function joinTailCalls(
  { tailCalls }: Engine,
  descriptor: number,
  maps: readonly RawMap[],
  { type, proof }: Admission,
): void {
  tailCalls.add(descriptor, type, proof);
  for (const { address, spec } of maps) {
    if (spec.type === MAP_TYPE_PROG_ARRAY) tailCalls.join(address, descriptor);
  }
}

export function interpreter(engine: Engine, placed: Placed): Executor {
  const { exports, memory } = engine;
  const code = predecode(
    placed.structure,
    {
      maps: placed.maps.map((map) => map.address),
      values: placed.maps.map((map) => map.valuesAddress),
      functions: placed.descriptor.functions,
      kfunc: engine.kfuncs.numberOf,
    },
    placed.proof,
  );
  const address = memory.alloc(code.length);
  memory.write(address, code);
  const descriptor = placed.descriptor.address;
  memory.setU32(descriptor + layout.PROG_CODE, address);
  return {
    batch: (record, count) => exports.interpretBatch(descriptor, record, count),
    debug: (record) => new Stepper(engine.stepHost, descriptor, record),
  };
}

async function jit(engine: Engine, placed: Placed, proof: Proof): Promise<Executor> {
  const artifact = await translateFor(engine, placed, proof, { profile: engine.counts });
  return linkTranslated(engine, placed, { artifact, module: await compileArtifact(artifact), proof });
}

/** Flow dissectors find their keys as the kernel hands them over. */
const withFlowKeys = (engine: Engine, executor: Executor, flowKeys: FlowKeys): Executor => ({
  ...executor,
  batch: oneByOne(engine, (record) => {
    flowKeys.reset(record);
    executor.batch(record, 1);
  }),
});

async function executorOf(engine: Engine, placed: Placed, proof: Proof): Promise<Executor> {
  if (engine.kind === 'jit') return jit(engine, placed, proof);
  if (engine.kind === 'auto') return auto(engine, placed, interpreter(engine, placed));
  const plain = interpreter(engine, placed);
  remember(engine, placed, proof, undefined);
  const { facts } = placed;
  if (facts === undefined) return plain;
  const { checkedInterpreter } = await import('./checked.ts');
  return { ...plain, ...checkedInterpreter(engine, placed, facts) };
}

/** Gives a placed program the code of the engine's kind; `proof` is what the JIT may rely on. */
export async function finishProgram(
  engine: Engine,
  placed: Placed,
  proof: Proof = placed.proof,
): Promise<BpfProgram> {
  const executor = await executorOf(engine, placed, proof);
  const { flowKeys, id, descriptor, contextKind, program, structure } = placed;
  const keyed = flowKeys === undefined ? executor : withFlowKeys(engine, executor, flowKeys);
  const whole = withTimers(engine, keyed, structure.helpers, structure.kfuncNames);
  const identity = {
    id,
    descriptor: descriptor.address,
    mode: proof.mode,
    flowKeys,
    leavesPackets: contextKind !== 'memory' && leavesPackets(structure, proof),
  };
  return new BpfProgram(engine, program, contextKind, identity, whole);
}

import * as layout from '../abi/layout.ts';
import type { WasmTable } from '../abi/runtime.ts';
import { WebpfError } from '../errors.ts';
import { sourceAt } from '../frontend/lines.ts';
import type { Program } from '../frontend/program.ts';
import { predecode } from '../interp/predecode.ts';
import { Stepper } from '../interp/stepper.ts';
import { helperName } from '../isa/helpers.ts';
import type { Artifact } from '../jit/artifact.ts';
import { instantiate } from '../jit/instantiate.ts';
import { type Proof, sandboxProof, trustedProof } from '../verifier/proof.ts';
import { checkStructure, type Structure, takenSubprograms } from '../verifier/structure.ts';
import { verify } from '../verifier/verify.ts';
import { checkedInterpreter } from './checked.ts';
import { type ContextKind, contextCodes, contextKindOf } from './context.ts';
import { type Descriptor, writeDescriptor } from './descriptor.ts';
import type { Engine } from './engine.ts';
import { BPF_TAIL_CALL } from './helpers.ts';
import type { RawMap } from './maps/raw.ts';
import { BpfProgram, type Executor } from './program.ts';

/** A program that has its place in linear memory, but no engine's code yet. */
export interface Placed {
  readonly program: Program;
  readonly structure: Structure;
  readonly contextKind: ContextKind;
  readonly maps: readonly RawMap[];
  readonly descriptor: Descriptor;
  readonly id: number;
}

/** Refuses a program that calls a helper neither the runtime nor the host has, naming it and the instruction. */
function refuseMissingHelpers(engine: Engine, program: Program, structure: Structure): void {
  for (const [id, insn] of structure.helpers) {
    if (engine.helpers.has(id)) continue;
    const source = sourceAt(program.lines, insn);
    const place = source ? ` (${source.file}:${source.line})` : '';
    throw new WebpfError(
      'missing-helper',
      `${program.name} calls ${helperName(id) ?? 'helper'}#${id} at instruction ${insn}${place}, which webpf does not have: supply it with the option "helpers"`,
      { stage: 'runtime', insn, source, subject: program.name },
    );
  }
}

/** Refuses a program that calls a function of the kernel, naming it and the instruction. */
function refuseKfuncs(program: Program, { kfuncs, kfuncNames }: Structure): void {
  const [first] = kfuncs;
  if (first === undefined) return;
  const [index, insn] = first;
  const source = sourceAt(program.lines, insn);
  const place = source ? ` (${source.file}:${source.line})` : '';
  throw new WebpfError(
    'unsupported',
    `${program.name} calls the kernel function ${kfuncNames[index]} (kfunc) at instruction ${insn}${place}, which webpf does not have`,
    { stage: 'runtime', insn, source, subject: program.name },
  );
}

/** Frames of stack to clear before a run: all of them where the callees are known at run time only. */
const framesOf = (structure: Structure): number =>
  structure.indirectCalls.length > 0 || structure.helpers.has(BPF_TAIL_CALL)
    ? layout.MAX_FRAMES
    : structure.frames;

/** Maps of a program: those of `program.maps`, in order, and all that it may touch, inner maps among them. */
export interface ProgramMaps {
  readonly own: readonly RawMap[];
  readonly granted: readonly RawMap[];
}

/** Checks a program and gives it its place in linear memory. */
export function place(
  engine: Engine,
  program: Program,
  maps: ProgramMaps,
  contextKind: ContextKind = contextKindOf(program.type),
): Placed {
  const structure = checkStructure(program);
  refuseMissingHelpers(engine, program, structure);
  refuseKfuncs(program, structure);
  const id = engine.programCount + 1;
  const descriptor = writeDescriptor(engine.memory, {
    id,
    slots: program.code.length / 8,
    mainSlots: structure.subprograms[0]?.length ?? 0,
    contextCode: contextCodes[contextKind],
    sandbox: !engine.trusted,
    frames: framesOf(structure),
    maps: maps.granted,
    functions: takenSubprograms(structure),
  });
  engine.addProgram(descriptor.address, { ...program, insns: structure.decoded.insns });
  return { program, structure, contextKind, maps: maps.own, descriptor, id };
}

const proofOf = (engine: Engine) => (engine.trusted ? trustedProof : sandboxProof);

export function interpreter(engine: Engine, placed: Placed): Executor {
  const { exports, memory } = engine;
  const code = predecode(
    placed.structure,
    {
      maps: placed.maps.map((map) => map.address),
      values: placed.maps.map((map) => map.valuesAddress),
      functions: placed.descriptor.functions,
    },
    proofOf(engine),
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

/** Translates a program for an engine. Binaryen is loaded here, at the first program translated. */
export async function translateFor(
  engine: Engine,
  program: Program,
  structure: Structure,
  proof: Proof = proofOf(engine),
): Promise<Artifact> {
  const { translate } = await import('../jit/translate.ts');
  return translate(program, structure, proof, { shared: engine.memory.kind === 'shared' });
}

async function jit(engine: Engine, placed: Placed, proof: Proof): Promise<Executor> {
  const { exports, memory, run } = engine;
  const artifact = await translateFor(engine, placed.program, placed.structure, proof);
  const descriptor = placed.descriptor.address;
  const translated = await instantiate(artifact, {
    memory: memory.memory as WebAssembly.Memory,
    run,
    program: descriptor,
    functions: placed.descriptor.functions,
    maps: placed.maps.map((map) => map.address),
    values: placed.maps.map((map) => map.valuesAddress),
    runtime: exports,
    hostHelper: engine.helpers.call,
  });
  const [entry, ...functions] = addToTable(exports.table, [translated.entry, ...translated.functions]);
  memory.setU32(descriptor + layout.PROG_TABLE_INDEX, entry ?? 0);
  functions.forEach((index, i) => {
    memory.setU32(placed.descriptor.functions + i * layout.FUNC_SIZE + layout.FUNC_TABLE_INDEX, index);
  });
  return translated;
}

/** Appends functions to the table that tail calls and callbacks go through; their indexes. */
function addToTable(table: WasmTable, functions: readonly unknown[]): number[] {
  const first = table.grow(functions.length);
  functions.forEach((fn, i) => {
    table.set(first + i, fn);
  });
  return functions.map((_, i) => first + i);
}

/** The proof that the checking mode holds a program to. */
async function proofToCheck(program: Program): Promise<Proof> {
  const { proof, rejection } = await verify(program);
  if (proof !== undefined) return proof;
  const { reason = '', insn, source } = rejection ?? {};
  const message = `${program.name} is not accepted by the verifier, so that no facts can be checked: ${reason}`;
  throw new WebpfError('bad-program', message, { stage: 'verifier', insn, source, subject: program.name });
}

async function checked(engine: Engine, placed: Placed): Promise<Executor> {
  const plain = interpreter(engine, placed);
  return { ...plain, ...checkedInterpreter(engine, placed, await proofToCheck(placed.program)) };
}

function executorOf(engine: Engine, placed: Placed, proof: Proof): Executor | Promise<Executor> {
  if (engine.kind === 'jit') return jit(engine, placed, proof);
  return engine.checkFacts ? checked(engine, placed) : interpreter(engine, placed);
}

/** Gives a placed program the code of the engine's kind; `proof` is what the JIT may rely on. */
export async function finishProgram(
  engine: Engine,
  placed: Placed,
  proof: Proof = proofOf(engine),
): Promise<BpfProgram> {
  const executor = await executorOf(engine, placed, proof);
  const identity = { id: placed.id, descriptor: placed.descriptor.address };
  return new BpfProgram(engine, placed.program, placed.contextKind, identity, executor);
}

/**
 * webpf runs eBPF programs anywhere JavaScript runs: `open` an object file, pick a program, give it packets.
 *
 * @example
 * import { open } from 'webpf';
 *
 * using object = await open('examples/flows.bpf.o');
 * const program = await object.program('count_flows');
 * const { verdict, data } = program.run(packet);
 * for (const [key, value] of object.map('flows')) console.log(key, value);
 */
import './runtime/node.ts';

export * as abi from './abi/maps.ts';
export { Bpf, type BpfOptions } from './bpf/bpf.ts';
export type { BtfInfo, LinkInfo, MapInfo, ObjectInfo, ProgInfo } from './bpf/info.ts';
export { BatchError, type MapBatch, type MapBatchResult, type MapUpdateBatch } from './bpf/maps/batch.ts';
export type { MapCreate } from './bpf/maps/create.ts';
export type { MapElem, MapLookup, MapUpdate } from './bpf/maps/elements.ts';
export type { ObjectKind as BpfObjectKind } from './bpf/objects.ts';
export type { ProgLoad } from './bpf/programs/load.ts';
export type { LoadedObject, ObjectLoadOptions } from './bpf/programs/object.ts';
export type { ProgTestRun, ProgTestRunResult } from './bpf/programs/testRun.ts';
export {
  type Capture,
  type CaptureBatch,
  type CapturedPacket,
  type CaptureSource,
  openCapture,
  type PacketToWrite,
  pcapHeader,
  pcapRecord,
  type ReadCaptureOptions,
  readCapture,
  type WritePcapOptions,
  writePcap,
} from './capture/index.ts';
export { type ErrorCode, type SourceLine, type Stage, WebpfError } from './errors.ts';
export type { Btf, BtfMember, BtfType } from './frontend/btf/types.ts';
export { looksClassic } from './frontend/classic/parse.ts';
export { type ClassicOptions, programFromClassic } from './frontend/classic/program.ts';
export { type SystemCall, seccompData } from './frontend/classic/seccomp.ts';
export { TargetTypes } from './frontend/core/target.ts';
export type { SectionHandler, SectionHandlers } from './frontend/handlers.ts';
export type { Kconfig, KconfigValue } from './frontend/kconfig.ts';
export type { LinkInput } from './frontend/linker/input.ts';
export { linkObjects } from './frontend/linker/link.ts';
export { mapTypeName, mapTypeNumber } from './frontend/mapTypes.ts';
export type { LineInfo, MapSpec, ObjectFile, Program, ProgramType, Subprogram } from './frontend/program.ts';
export { programTypes } from './frontend/programTypes.ts';
export { type ProgramOptions, programFromAssembly, programFromBytes } from './frontend/raw.ts';
export type { ContinueOptions, Frame, StepState, StepTrap } from './interp/stepper.ts';
export { Stepper } from './interp/stepper.ts';
export { type Assembled, type AssembleOptions, assemble } from './isa/asm.ts';
export {
  type DisassembledLine,
  type DisassembleOptions,
  disassemble,
  disassembleLines,
} from './isa/disasm.ts';
export { helperName } from './isa/helpers.ts';
export { type Artifact, type ArtifactInfo, readArtifact } from './jit/artifact.ts';
export { disassembleArtifact, type WasmFunction, type WasmInsn } from './jit/disasm/code.ts';
export { OPTIMIZATIONS, type Optimization, type Optimize } from './jit/opt/names.ts';
export type { BatchResult } from './runtime/batch.ts';
export { cacheDirectory } from './runtime/cache/directory.ts';
export type { CallStack, ContextKind, RunContext, SkbContext, XdpContext } from './runtime/context.ts';
export type { PerfCounter, ReadPerfCounter } from './runtime/counters.ts';
export { Engine, type EngineKind, type EngineOptions } from './runtime/engine.ts';
export {
  cgroupDevice,
  cgroupSock,
  functionArgs,
  iteration,
  perfEvent,
  ptRegs,
  rawTracepoint,
  skb,
  skLookup,
  skMsg,
  skReuseport,
  sockAddr,
  sockOps,
  sockopt,
  syscallArgs,
  sysctl,
  xdp,
} from './runtime/events/constructors.ts';
export {
  type ContextAfter,
  type ContextFields,
  type ContextValue,
  contextEvent,
} from './runtime/events/contexts.ts';
export type {
  EventAfter,
  EventBlock,
  EventObject,
  EventPointer,
  EventResult,
  ProgramEvent,
} from './runtime/events/event.ts';
export {
  type TracepointField,
  TracepointFormat,
  type TracepointValue,
  type TracepointValues,
} from './runtime/events/tracepoint.ts';
export type {
  DeclaredHelper,
  HelperArguments,
  HostHelper,
  HostHelpers,
  ProgramMemory,
} from './runtime/helpers.ts';
export type { Hook, HookAfter, SysctlSetting } from './runtime/hook.ts';
export { type IterateOptions, type IteratorItem, iterate } from './runtime/iterator.ts';
export type { BtfFile, BtfSource, KernelBtf, LinkOptions } from './runtime/linkOptions.ts';
export { Arena } from './runtime/maps/arena.ts';
export { BpfBloomFilter } from './runtime/maps/bloom.ts';
export { BpfMap } from './runtime/maps/map.ts';
export { BpfQueue } from './runtime/maps/queue.ts';
export type { RawMap } from './runtime/maps/raw.ts';
export { PerfBuffer, type PerfEvent, RingBuffer, TraceLog } from './runtime/maps/ring.ts';
export { UserRing } from './runtime/maps/userRing.ts';
export type { MapChange } from './runtime/maps/watch.ts';
export type {
  Device,
  Neighbour,
  Network,
  Route,
  RouteTable,
  RouteType,
  Transmission,
} from './runtime/network/network.ts';
export { BpfObject, type ObjectOptions } from './runtime/object.ts';
export { HostObject, type ObjectFields, type ObjectKind } from './runtime/objects/object.ts';
export { SeqFile } from './runtime/objects/seqFile.ts';
export type { ObjectDefinition } from './runtime/objects/table.ts';
export {
  type OpenOptions,
  open,
  openIn,
  readObject,
  readTypes,
  type Source,
} from './runtime/open.ts';
export { PacketBuffer, type PacketBufferOptions, type PacketRoom } from './runtime/packetBuffer.ts';
export type { ProfileEntry } from './runtime/profile.ts';
export {
  type BatchOptions,
  BpfProgram,
  type RepeatResult,
  type RunInput,
  type Tier,
} from './runtime/program.ts';
export type { Redirect, RunResult } from './runtime/result.ts';
export { openShared } from './runtime/share/attach.ts';
export type { SharedObject } from './runtime/share/share.ts';
export type { AttachOptions } from './runtime/share/types.ts';
export type { SkbChecksum, SkbState, Tunnel } from './runtime/skbState.ts';
export type { BindAddress, CalledSocket, SocketCalls } from './runtime/sockets/calls.ts';
export type { Family, Protocol, SocketState, SocketType } from './runtime/sockets/names.ts';
export type { Socket, SocketDefinition, SocketFields } from './runtime/sockets/socket.ts';
export type { TcpState } from './runtime/sockets/tcp.ts';
export { type CallbackArgument, StructOps } from './runtime/structOps.ts';
export type { Task } from './runtime/task.ts';
export { type TestRunResult, testRun } from './runtime/testRun.ts';
export type { TimerErrorHandler } from './runtime/timers.ts';
export type { TaskHost, Traced } from './runtime/traced.ts';
export type { Trap, TrapKind } from './runtime/trap.ts';
export { verdictName } from './runtime/verdict.ts';
export {
  contextOfFields,
  doubleWords,
  field,
  narrowWords,
  words,
  writable,
} from './verifier/contexts/fields.ts';
export type { ReturnRange } from './verifier/contexts/returns.ts';
export type { Context as ContextLayout, Field as ContextField } from './verifier/contexts/types.ts';
export {
  type CustomProgramType,
  defineProgramType,
  type HelperDefinition,
  type ProgramTypeDefinition,
} from './verifier/custom.ts';
export type { Argument as HelperArgument, Result as HelperResult } from './verifier/helpers/types.ts';
export { Verifier, verify } from './verifier/lazy.ts';
export type { InsnFacts, Proof, ProofMode, RegisterFact, StackFact } from './verifier/proof.ts';
export { checkStructure, type Structure } from './verifier/structure.ts';
export type {
  PathStep,
  RegisterState,
  Rejection,
  VerdictWord,
  Verification,
  VerifyOptions,
} from './verifier/verification.ts';
export { VERSION as version } from './version.ts';

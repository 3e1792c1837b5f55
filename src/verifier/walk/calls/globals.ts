/** Global functions: verified once by their signature in BTF, and called by it (btf_prepare_func_args). */
import * as abi from '../../../abi/state.ts';
import { resolve, sizeOf } from '../../../frontend/btf/lookup.ts';
import type { Btf, BtfFunctionProto, BtfType } from '../../../frontend/btf/types.ts';
import type { Subprogram } from '../../../frontend/program.ts';
import { kindOf, mayBeNull } from '../../state/kinds.ts';
import { notNullType } from '../branches/nulls.ts';
import { checkUnmoved } from '../memory/access.ts';
import { refuse, unsupported } from '../refusal.ts';
import type { Walk } from '../walk.ts';
import { checkReadWrite } from './memoryArguments.ts';

type GlobalArgument =
  | { readonly kind: 'scalar' }
  | { readonly kind: 'context' }
  | { readonly kind: 'memory'; readonly size: number; readonly nullable: boolean };

export interface GlobalFunction {
  readonly name: string;
  readonly args: readonly GlobalArgument[];
}

interface Site {
  readonly btf: Btf;
  readonly walk: Walk;
  readonly name: string;
  readonly func: number;
}

const SCALARS: ReadonlySet<BtfType['kind']> = new Set(['int', 'enum', 'enum64']);

/** Names a context goes by in the sources of programs. */
const CONTEXT_NAMES: Readonly<Record<string, readonly string[]>> = {
  pt_regs: ['pt_regs', 'bpf_user_pt_regs_t', 'user_pt_regs'],
};

/** `__arg_nonnull` and its like: declaration tags on a parameter. */
const tagsOf = ({ btf, func }: Site, index: number): string[] =>
  btf.types.flatMap((type) =>
    type.kind === 'declTag' && type.type === func && type.component === index ? [type.name] : [],
  );

function isContext({ btf, walk }: Site, target: number): boolean {
  const own = walk.env.context.name;
  const names = CONTEXT_NAMES[own] ?? [own];
  const named = btf.types[target];
  return names.includes(named?.name ?? '') || names.includes(resolve(btf, target).name);
}

function pointerArgument(site: Site, index: number, target: number): GlobalArgument {
  const { btf, name } = site;
  const tags = tagsOf(site, index);
  const other = tags.find((tag) => /^arg:(trusted|untrusted|arena|nullable|dynptr)/.test(tag));
  if (tags.includes('arg:ctx') || isContext(site, target)) return { kind: 'context' };
  if (other !== undefined && other !== 'arg:nullable') {
    unsupported(`argument ${index} of global function ${name}() is tagged ${other.slice('arg:'.length)}`);
  }
  const type = resolve(btf, target);
  if (type.kind === 'struct' && type.name === 'bpf_dynptr') {
    unsupported(`argument ${index} of global function ${name}() is a dynptr`);
  }
  const hasSize = type.kind === 'ptr' || 'size' in type || type.kind === 'array';
  if (!hasSize) {
    refuse(
      `arg#${index} reference type('${type.kind.toUpperCase()} ${type.name}') size cannot be determined: -22`,
    );
  }
  return { kind: 'memory', size: sizeOf(btf, target), nullable: !tags.includes('arg:nonnull') };
}

function argumentOf(site: Site, index: number, id: number): GlobalArgument {
  const type = resolve(site.btf, id);
  if (SCALARS.has(type.kind)) return { kind: 'scalar' };
  if (type.kind === 'ptr') return pointerArgument(site, index, type.type);
  refuse(`Arg#${index} type ${type.kind.toUpperCase()} in ${site.name}() is not supported yet.`);
}

function checkProto({ name }: Site, signature: Signature): void {
  const { proto } = signature;
  if (proto.parameters.length > 5) {
    refuse(`Global function ${name}() with ${proto.parameters.length} > 5 args. Buggy compiler.`);
  }
  if (!returnsNumber(signature)) {
    refuse(`Global function ${name}() doesn't return scalar. Only those are supported.`);
  }
}

const known = new WeakMap<Walk, Map<number, GlobalFunction | undefined>>();

/** What BTF says of a function. */
interface Signature {
  readonly btf: Btf;
  readonly subprogram: Subprogram;
  readonly func: number;
  readonly isGlobal: boolean;
  readonly proto: BtfFunctionProto;
}

/** Undefined for functions without BTF. */
export function signatureOf({ code }: Walk, index: number): Signature | undefined {
  const { btf, subprograms } = code.program;
  const { start = 0 } = code.subprograms[index] ?? {};
  const subprogram = subprograms.find((one) => one.start === start);
  const func = subprogram?.btfTypeId;
  const type = func === undefined ? undefined : btf?.types[func];
  if (btf === undefined || subprogram === undefined || func === undefined || type?.kind !== 'func')
    return undefined;
  const proto = resolve(btf, type.type);
  if (proto.kind !== 'funcProto') return undefined;
  const isGlobal = subprogram.linkage === 'global' && type.linkage === 'global';
  return { btf, subprogram, func, isGlobal, proto };
}

export const returnsNumber = ({ btf, proto }: Signature): boolean =>
  SCALARS.has(resolve(btf, proto.type).kind);

function describe(walk: Walk, index: number): GlobalFunction | undefined {
  const signature = signatureOf(walk, index);
  if (signature === undefined || !signature.isGlobal) return undefined;
  const { btf, subprogram, func, proto } = signature;
  const site: Site = { btf, walk, name: subprogram.name, func };
  checkProto(site, signature);
  return {
    name: subprogram.name,
    args: proto.parameters.map(({ type: id }, at) => argumentOf(site, at, id)),
  };
}

/** The function's signature, where it is global; undefined for static ones and programs without BTF. */
export function globalFunction(walk: Walk, index: number): GlobalFunction | undefined {
  let functions = known.get(walk);
  if (functions === undefined) {
    functions = new Map();
    known.set(walk, functions);
  }
  if (!functions.has(index)) functions.set(index, describe(walk, index));
  return functions.get(index);
}

/** Both read and written by the function (check_mem_reg). */
function checkMemoryArgument(walk: Walk, register: number, size: number): void {
  const { memory } = walk;
  const r = walk.reg(register);
  if (memory.isZero(r)) return;
  const saved = memory.scratch(4);
  walk.ops.copyRegister(saved, r);
  if (mayBeNull(memory.type(r))) {
    const { type, aux, uid } = notNullType(walk, r);
    memory.setType(r, type);
    memory.setAux(r, aux);
    memory.setAux2(r, uid);
  }
  checkReadWrite(walk, register, size);
  walk.ops.copyRegister(r, saved);
}

function checkArgument(walk: Walk, argument: GlobalArgument, index: number): void {
  const register = index + 1;
  const r = walk.readable(register);
  const type = walk.memory.type(r);
  if (argument.kind === 'scalar') {
    if (type !== abi.KIND_SCALAR) refuse(`R${register} is not a scalar`);
    return;
  }
  if (argument.kind === 'context') {
    if (type !== abi.KIND_CTX) refuse(`arg#${index} expects pointer to ctx`);
    checkUnmoved(walk, register);
    return;
  }
  if (kindOf(type) === abi.KIND_CTX) refuse(`R${register} type=ctx expected=fp`);
  checkMemoryArgument(walk, register, argument.size);
  if (!argument.nullable && mayBeNull(type)) refuse(`arg#${index} is expected to be non-NULL`);
}

export function checkGlobalCall(walk: Walk, index: number): void {
  const { name, args } = globalFunction(walk, index) ?? { name: '', args: [] };
  try {
    args.forEach((argument, at) => {
      checkArgument(walk, argument, at);
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    error.message += `\nCaller passes invalid args into func#${index} ('${name}')`;
    throw error;
  }
}

function enterArgument(walk: Walk, argument: GlobalArgument, r: number): void {
  const { memory } = walk;
  if (argument.kind === 'scalar') walk.setUnknown(r);
  else if (argument.kind === 'context') memory.setPointer(r, abi.KIND_CTX);
  else {
    memory.setPointer(r, abi.KIND_MEM | (argument.nullable ? abi.FLAG_NULL : 0), argument.size);
    if (argument.nullable) memory.setId(r, walk.newId());
  }
}

/** Sets up r1 and on where a global function's own verification begins. */
export function enterGlobal(walk: Walk, index: number): void {
  const { args } = globalFunction(walk, index) ?? { args: [] };
  args.forEach((argument, at) => {
    enterArgument(walk, argument, walk.reg(at + 1));
  });
}

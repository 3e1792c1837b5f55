/** Stack of all functions on a chain of calls (check_max_stack_depth of kernel/bpf/verifier.c). */

import { TAIL_CALL } from '../../isa/helpers.ts';
import type { Insn } from '../../isa/insn.ts';
import { type SubprogramReference, subprogramReferences } from '../../isa/subprograms.ts';
import { MAX_CALL_FRAMES } from '../callgraph.ts';
import { MAX_STACK } from './memory/stack.ts';
import { refuse } from './refusal.ts';
import type { Walk } from './walk.ts';

/** A program that is tail called begins with a new stack: callers may have used half of it. */
const MAX_BEFORE_TAIL_CALL = 256;
/** The kernel's JIT aligns frames so. */
const GRAIN = 16;

/** Programs whose functions the kernel gives stacks of their own (bpf_enable_priv_stack). */
const PRIVATE_STACKS: ReadonlySet<string> = new Set(['kprobe', 'tracepoint', 'perf_event', 'raw_tracepoint']);

const round = (depth: number): number => Math.ceil(depth / GRAIN) * GRAIN;

interface Function {
  readonly depth: number;
  readonly calls: readonly SubprogramReference[];
  readonly hasTailCall: boolean;
}

const isTailCall = (insn: Insn | undefined): boolean =>
  insn?.kind === 'call' && insn.target === 'helper' && insn.imm === TAIL_CALL;

function functionsOf(walk: Walk): Function[] {
  const { insns, owner, subprograms } = walk.code;
  const references = subprogramReferences(insns);
  return subprograms.map(({ start, length }, index) => ({
    depth: walk.facts.depths.get(index) ?? 0,
    calls: references.filter(({ slot }) => owner[slot] === index),
    hasTailCall: insns.slice(start, start + length).some(isTailCall),
  }));
}

interface Chain {
  readonly functions: readonly Function[];
  readonly walk: Walk;
  /** Deepest stack that each function was reached with: less was fine then. */
  readonly seen: Map<number, number>;
}

function descend(chain: Chain, index: number, before: number, frames: number): void {
  const { functions, walk, seen } = chain;
  const own = functions[index];
  if (own === undefined) return;
  if (index !== 0 && own.hasTailCall && before >= MAX_BEFORE_TAIL_CALL) {
    refuse(`tail_calls are not allowed when call stack of previous frames is ${before} bytes. Too large`, {
      insn: walk.code.subprograms[index]?.start ?? 0,
    });
  }
  const isPrivate = PRIVATE_STACKS.has(walk.env.type);
  const total = isPrivate ? Math.max(before, round(own.depth)) : before + round(own.depth);
  if (total > MAX_STACK) {
    refuse(`combined stack size of ${frames} calls is ${total}. Too large`, {
      insn: walk.code.subprograms[index]?.start ?? 0,
      hint: `functions on a chain of calls share ${MAX_STACK} bytes of stack: keep large objects in a map`,
    });
  }
  if ((seen.get(index) ?? -1) >= total || frames > MAX_CALL_FRAMES) return;
  seen.set(index, total);
  for (const { target } of own.calls) descend(chain, walk.code.owner[target] ?? 0, total, frames + 1);
}

/** Refuses chains of calls that need more stack than there is. */
export function checkStackDepth(walk: Walk): void {
  descend({ functions: functionsOf(walk), walk, seen: new Map() }, 0, 0, 1);
}

/** Random programs as a compiler would make them, most of which the verifier should accept. */
import type { ProgramType } from '../../src/frontend/program.ts';
import { encode } from '../../src/isa/encode.ts';
import { type Item, resolve, withoutUnreachable } from '../nodiff/listing.ts';
import type { Random } from '../nodiff/random.ts';
import { block, register } from './block.ts';
import { CALL_STATEMENTS } from './calls.ts';
import { MAP_STATEMENTS } from './lookups.ts';
import { PACKET_STATEMENTS } from './packets.ts';
import { MEMORY_STATEMENTS } from './pointers.ts';
import { SCALAR_STATEMENTS } from './scalars.ts';
import { CONTEXT, isNum, newUnit, type Plan, Scope, type Unit } from './scope.ts';

for (const statements of [
  SCALAR_STATEMENTS,
  MEMORY_STATEMENTS,
  PACKET_STATEMENTS,
  MAP_STATEMENTS,
  CALL_STATEMENTS,
])
  register(statements);

const WEIGHTS: readonly (readonly [string, number])[] = [
  ['alu', 24],
  ['neg', 2],
  ['endian', 2],
  ['constant', 4],
  ['copy', 8],
  ['numberHelper', 3],
  ['bound', 10],
  ['branch', 6],
  ['load', 14],
  ['store', 10],
  ['spill', 6],
  ['fill', 6],
  ['address', 3],
  ['move', 4],
  ['index', 14],
  ['atomic', 4],
  ['ordered', 1],
  ['contextField', 4],
  ['contextStore', 1],
  ['packet', 5],
  ['packetRoom', 5],
  ['packetMove', 5],
  ['adjust', 1],
  ['loadBytes', 2],
  ['legacy', 1],
  ['lookup', 6],
  ['nullCheck', 3],
  ['direct', 5],
  ['update', 1],
  ['remove', 1],
  ['queue', 1],
  ['output', 1],
  ['record', 2],
  ['tailCall', 1],
  ['loop', 3],
  ['call', 3],
  ['loopHelper', 1],
  ['forEach', 1],
];

/** Each program has some kinds of statements more often than others, and some not at all. */
function weights(random: Random): ReadonlyMap<string, number> {
  const chosen = WEIGHTS.map(([name, weight]) => {
    const factor = random.weighted([
      [2, 0],
      [5, 1],
      [2, 3],
    ] as const);
    return [name, weight * factor] as const;
  });
  return new Map([...chosen, ['alu', 20]]);
}

const TYPES: readonly (readonly [number, ProgramType])[] = [
  [5, 'xdp'],
  [4, 'sched_cls'],
  [2, 'socket_filter'],
];

export interface Generated {
  readonly type: ProgramType;
  readonly items: readonly Item[];
  readonly code: Uint8Array;
}

export function generate(random: Random): Generated {
  const type = random.weighted(TYPES);
  const sloppiness = random.pick([0, 0, 0.005, 0.02]);
  const unit = newUnit(random, type, weights(random), sloppiness);
  const main: Plan = { role: 'main', label: unit.emitter.label(), args: [{ kind: 'ctx' }] };
  unit.plans.push(main);
  for (let index = 0; index < unit.plans.length; index++) body(unit, index);
  const items = withoutUnreachable(unit.emitter.items());
  return { type, items, code: encode(resolve(items)) };
}

function body(unit: Unit, index: number): void {
  const plan = unit.plans[index];
  if (plan === undefined) return;
  unit.emitter.place(plan.label);
  const scope = new Scope(unit, plan, index);
  prologue(scope);
  const size = index === 0 ? unit.random.between(5, 40) : unit.random.between(1, 8);
  block(scope, size);
  epilogue(scope);
}

/** The context goes where every statement finds it; arguments are kept over calls. */
function prologue(scope: Scope): void {
  const { emit, plan } = scope;
  const context = plan.args.findIndex(({ kind }) => kind === 'ctx');
  if (context >= 0) {
    emit.mov(CONTEXT, { src: context + 1 });
    scope.set(CONTEXT, { kind: 'ctx' });
    scope.locked.add(CONTEXT);
  }
  scope.save();
}

function epilogue(scope: Scope): void {
  const { emit, random, plan } = scope;
  const isCallback = plan.role === 'loop' || plan.role === 'each';
  const number = scope.any(isNum);
  if (number === undefined || isCallback) {
    emit.mov(0, { imm: random.below(isCallback ? 2 : 5) });
    if (isCallback && number !== undefined && random.chance(0.3)) {
      emit.mov(0, { src: number });
      emit.alu('and', scope.width(), 0, { imm: scope.about(1) });
    }
  } else if (number !== 0) emit.mov(0, { src: number });
  emit.emit({ kind: 'exit' });
}

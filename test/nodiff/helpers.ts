import { FRAME, MEMORY_BASE, PERCPU_MAP, RING_MAP, type Scope, type Statement, VALUE_BASE } from './scope.ts';

/** What an argument of a helper is made of. */
type Argument =
  /** An address in the stack window with 16 bytes above it. */
  | 'stack'
  /** The memory, or a map value where there is none. */
  | 'memory'
  | 'value'
  /** Any number at all. */
  | 'number'
  | { readonly map: number }
  | { readonly oneOf: readonly number[] };

interface Form {
  readonly id: number;
  readonly arguments: readonly Argument[];
  /** Linux gives the helper to XDP programs and accepts these arguments. */
  readonly kernel?: boolean;
}

const sizes = (...oneOf: number[]): Argument => ({ oneOf });

const FORMS: readonly Form[] = [
  { id: 28, arguments: ['stack', sizes(0, 4, 8, 16), 'stack', sizes(0, 4, 8, 16), 'number'], kernel: true },
  { id: 105, arguments: ['stack', sizes(0, 1, 8), sizes(0, 8, 10, 16, 3), 'stack'] },
  { id: 106, arguments: ['stack', sizes(8), sizes(0, 8, 10, 16), 'stack'] },
  { id: 182, arguments: ['stack', sizes(1, 8), 'value'] },
  { id: 113, arguments: ['stack', sizes(1, 8, 16), 'memory'] },
  { id: 113, arguments: ['stack', sizes(8), 'number'] },
  { id: 115, arguments: ['stack', sizes(1, 8, 16), 'memory'] },
  { id: 5, arguments: [] },
  { id: 7, arguments: [] },
  { id: 118, arguments: [] },
  { id: 14, arguments: [] },
  { id: 15, arguments: [] },
  { id: 16, arguments: ['stack', sizes(1, 8, 16)] },
  { id: 6, arguments: ['stack', sizes(8, 16), 'number', 'number'] },
  { id: 165, arguments: ['stack', sizes(0, 8, 16), 'value', 'stack', sizes(0, 8, 16)] },
  { id: 130, arguments: [{ map: RING_MAP }, 'stack', sizes(1, 8, 16), sizes(0, 1, 2)] },
  { id: 134, arguments: [{ map: RING_MAP }, sizes(0, 1, 2, 3, 4)] },
  { id: 195, arguments: [{ map: PERCPU_MAP }, 'stack', sizes(0, 1, 2)] },
];
const KERNEL_FORMS = FORMS.filter(({ kernel }) => kernel === true);

function pass(scope: Scope, register: number, argument: Argument): void {
  const { emitter, random } = scope;
  if (argument === 'stack') {
    emitter.mov(register, { src: FRAME });
    emitter.alu('add', 64, register, { imm: -16 * random.between(1, 3) });
  } else if (argument === 'memory')
    emitter.mov(register, { src: scope.hasMemory ? MEMORY_BASE : VALUE_BASE });
  else if (argument === 'value') emitter.mov(register, { src: VALUE_BASE });
  else if (argument === 'number') emitter.mov(register, { imm: random.imm() });
  else if ('map' in argument) emitter.map(register, 5, argument.map);
  else emitter.mov(register, { imm: random.pick(argument.oneOf) });
}

/** A call of a helper that takes what it is given: numbers, the stack, memory. */
export const helperCall: Statement = (scope) => {
  const form = scope.random.pick(scope.profile.kernel ? KERNEL_FORMS : FORMS);
  for (const [index, argument] of form.arguments.entries()) pass(scope, index + 1, argument);
  scope.emitter.helper(form.id);
  scope.refill(form.id === 195 ? [0, 1, 2, 3, 4, 5] : [1, 2, 3, 4, 5]);
};

const RESERVE = 131;
const SUBMIT = 132;
const DISCARD = 133;

/** Reserves a record, fills it and submits or discards it. */
export const ringRecord: Statement = (scope) => {
  const { emitter, random } = scope;
  const full = emitter.label();
  emitter.map(1, 5, RING_MAP);
  emitter.mov(2, { imm: random.pick([8, 16, 40, 4096]) });
  emitter.mov(3, { imm: 0 });
  emitter.helper(RESERVE);
  emitter.to({ kind: 'jump', op: 'jeq', width: 64, dst: 0, off: 0, imm: 0 }, full);
  emitter.store(8, 0, 0, { imm: random.imm() });
  emitter.mov(1, { src: 0 });
  emitter.mov(2, { imm: random.below(3) });
  emitter.helper(random.pick([SUBMIT, DISCARD]));
  emitter.place(full);
  scope.refill([0, 1, 2, 3, 4, 5]);
};

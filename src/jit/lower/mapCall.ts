/** Helpers on maps known at the call: lookups without a call, or a call past the helper. For verified programs. */
import type { InsnFacts, MapCallFact } from '../../verifier/proof.ts';
import { directCall, type Operand } from '../maps/direct.ts';
import type { KnownMap, Out } from '../maps/emit.ts';
import { emitLookup, keyWords } from '../maps/lookup.ts';
import { mapGlobal, RUNTIME_FUNCTIONS } from '../names.ts';
import type { Scope } from '../scope.ts';
import type { Flow } from '../ssa/flow.ts';
import { const32, type Value } from '../ssa/value.ts';

const MAP_LOOKUP_ELEM = 1;
const KEY = 2;
const WORD = 4;

const outOf = (scope: Scope): Out => ({
  b: scope.b,
  shared: scope.unit.shared,
  local: (name, type) => scope.scratch(name, type),
  label: () => scope.unit.label(),
  global: (name) => scope.unit.global(name),
  runtime: (name) => scope.unit.runtime(name),
  define: (name, make) => scope.unit.define(name, make),
});

/** The words of the key that r2 points to: those that were stored just before are not loaded again. */
function keyAt(flow: Flow, words: number, facts: InsnFacts | undefined): Value[] {
  const kind = facts?.registers?.find(({ register }) => register === KEY)?.kind;
  return Array.from({ length: words }, (_, index) =>
    flow.load(flow.frame.piece(flow.reg(KEY), WORD * index, WORD, kind)),
  );
}

function lookUp(flow: Flow, map: KnownMap, fact: MapCallFact, facts: InsnFacts | undefined): boolean {
  const words = keyWords(map.spec);
  if (words === undefined) return false;
  const key = fact.key === undefined ? keyAt(flow, words, facts) : [];
  const value = flow.result('i64', key, (operands, set) => {
    const made = operands.map((word) => () => word);
    const lookup = emitLookup(outOf(flow.scope), map, made, fact.key);
    if (lookup === undefined) throw new Error(`no lookup in maps of type ${map.spec.type}`);
    return [...lookup.statements, set(lookup.value)];
  });
  flow.set(0, value);
  return true;
}

/** What a direct call is given: registers as addresses or whole, and what is known here. */
function operandOf(flow: Flow, operand: Operand, map: number): Value {
  if (operand === 'map') {
    return flow.result('i32', [], (_operands, set) => [set(flow.scope.unit.global(mapGlobal(map)))]);
  }
  if (operand === 'false') return const32(0);
  const register = Number(operand.slice(-1));
  return operand.startsWith('address') ? flow.low(register) : flow.reg(register);
}

function callDirectly(flow: Flow, id: number, map: KnownMap | undefined): boolean {
  const direct = directCall(id, map?.spec.type);
  if (direct === undefined) return false;
  const { b, unit } = flow.scope;
  const { name, result } = direct;
  const operands = direct.operands.map((operand) => operandOf(flow, operand, map?.index ?? 0));
  const value = flow.result('i64', operands, (values, set) => {
    const call = b.call(unit.runtime(name), values, RUNTIME_FUNCTIONS[name].result);
    if (result === 'zero') return [call, set(b.const64(0n))];
    return [set(b.unary(result === 'address' ? 'i64.extend_u' : 'i64.extend_s', call))];
  });
  flow.memory.forget();
  flow.set(0, value);
  return true;
}

/** Lowers the call of a helper on a known map; false when it is to be called as any helper. */
export function callKnownMap(flow: Flow, id: number, facts: InsnFacts | undefined): boolean {
  const { unit } = flow.scope;
  if (unit.proof.mode !== 'verified') return false;
  const fact = facts?.mapCall;
  const map = fact && { index: fact.map, spec: unit.map(fact.map) };
  if (fact !== undefined && map !== undefined && id === MAP_LOOKUP_ELEM && lookUp(flow, map, fact, facts))
    return true;
  return callDirectly(flow, id, map);
}

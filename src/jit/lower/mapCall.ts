/** Helpers on maps known at the call: lookups without a call, or a call past the helper. For verified programs. */
import type { InsnFacts, MapCallFact } from '../../verifier/proof.ts';
import { directCall, type Operand } from '../maps/direct.ts';
import { type KnownMap, type Out, valueStride } from '../maps/emit.ts';
import { emitLookup, lookupKind } from '../maps/lookup.ts';
import { mapGlobal, ownValues, RUNTIME_FUNCTIONS } from '../names.ts';
import type { Scope } from '../scope.ts';
import type { Flow } from '../ssa/flow.ts';
import { const32, const64, isConst, type Value } from '../ssa/value.ts';

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

/** A word of the key that r2 points to: what was stored there just before is not loaded again. */
function keyWord(flow: Flow, index: number, facts: InsnFacts | undefined): Value {
  const kind = facts?.registers?.find(({ register }) => register === KEY)?.kind;
  return flow.load(flow.frame.piece(flow.reg(KEY), WORD * index, WORD, kind));
}

/** No value of its bits is greater. */
const mostOf = ({ low, high }: Value): number => (high === 0 ? low >>> 0 : Number.POSITIVE_INFINITY);

/** The element's address, or 0: of an index that is known, or cannot be too great, without a comparison. */
function lookUpElement(flow: Flow, { index, spec }: KnownMap, key: Value): Value {
  const { values } = flow;
  if (isConst(key) && key.constant >= BigInt(spec.maxEntries)) return const64(0n);
  const base = flow.result('i32', [], (_operands, set) => [set(flow.scope.unit.global(ownValues(index)))]);
  const element = values.wrap(key);
  const offset = values.binary('mul', 'i32', element, const32(valueStride(spec)));
  const address = values.extend(values.binary('add', 'i32', base, offset));
  if (mostOf(key) < spec.maxEntries) return address;
  const inside = values.binary('lt_u', 'i32', element, const32(spec.maxEntries));
  return values.select(inside, address, const64(0n));
}

/** r0 of a lookup; undefined where it is a call. What is known of memory stays known. */
function lookUp(
  flow: Flow,
  map: KnownMap,
  { key: constant }: MapCallFact,
  facts: InsnFacts | undefined,
): Value | undefined {
  const kind = lookupKind(map.spec);
  if (kind === undefined) return undefined;
  const word = (index: number): Value => keyWord(flow, index, facts);
  if (kind === 'array') {
    return lookUpElement(flow, map, constant === undefined ? word(0) : const64(BigInt(constant)));
  }
  const key = Array.from({ length: map.spec.keySize / WORD }, (_, index) => word(index));
  return flow.result('i64', key, (operands, set) => {
    const words = operands.map((operand) => () => operand);
    const { statements, value } = emitLookup(outOf(flow.scope), map, kind, words);
    return [...statements, set(value)];
  });
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
  if (id !== MAP_LOOKUP_ELEM) flow.memory.forget();
  flow.set(0, value);
  return true;
}

/** Lowers the call of a helper on a known map; false when it is to be called as any helper. */
export function callKnownMap(flow: Flow, id: number, facts: InsnFacts | undefined): boolean {
  const { unit } = flow.scope;
  if (unit.proof.mode !== 'verified') return false;
  const fact = facts?.mapCall;
  const map = fact && { index: fact.map, spec: unit.map(fact.map) };
  const found = map && id === MAP_LOOKUP_ELEM ? lookUp(flow, map, fact, facts) : undefined;
  if (found === undefined) return callDirectly(flow, id, map);
  flow.set(0, found);
  return true;
}

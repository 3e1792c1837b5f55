import { MAX_DEPTH, typeById } from './lookup.ts';
import type { Btf, BtfFunctionProto, BtfType } from './types.ts';

/** `inner` is what stands where the declared name would: `*`, `[16]`, `(*)`. */
type Printer = (btf: Btf, id: number, inner: string, depth: number) => string;

const QUALIFIERS = { const: 'const', volatile: 'volatile', restrict: 'restrict' } as const;

const joined = (base: string, inner: string): string => {
  if (inner === '') return base;
  return inner.startsWith('[') ? base + inner : `${base} ${inner}`;
};

function tagged(type: BtfType): string {
  switch (type.kind) {
    case 'void':
      return 'void';
    case 'fwd':
      return `${type.of} ${type.name}`;
    case 'struct':
    case 'union':
      return `${type.kind} ${type.name || '{…}'}`;
    case 'enum':
    case 'enum64':
      return `enum ${type.name || '{…}'}`;
    default:
      return type.name || type.kind;
  }
}

/** Parameters of functions among parameters are left out: printed in full they multiply. */
const PARAMETER_DEPTH = MAX_DEPTH - 6;

const parameters = (btf: Btf, proto: BtfFunctionProto, depth: number): string => {
  if (depth > PARAMETER_DEPTH) return '…';
  const list = proto.parameters.map(({ name, type }) =>
    name === '' && type === 0 ? '...' : print(btf, type, '', PARAMETER_DEPTH),
  );
  return list.length === 0 ? 'void' : list.join(', ');
};

/** A pointer to an array or a function binds weaker than its brackets. */
function pointerTo(btf: Btf, target: number, inner: string, depth: number): string {
  const { kind } = typeById(btf, target);
  const star = `*${inner}`;
  return print(btf, target, kind === 'array' || kind === 'funcProto' ? `(${star})` : star, depth);
}

function qualified(btf: Btf, word: string, target: number, inner: string, depth: number): string {
  const { kind } = typeById(btf, target);
  return kind === 'ptr'
    ? print(btf, target, inner === '' ? word : ` ${word} ${inner}`.trimStart(), depth)
    : `${word} ${print(btf, target, inner, depth)}`;
}

const print: Printer = (btf, id, inner, depth) => {
  if (depth > MAX_DEPTH) return joined('…', inner);
  const type = typeById(btf, id);
  switch (type.kind) {
    case 'ptr':
      return pointerTo(btf, type.type, inner, depth + 1);
    case 'array':
      return print(btf, type.type, `${inner}[${type.length}]`, depth + 1);
    case 'const':
    case 'volatile':
    case 'restrict':
      return qualified(btf, QUALIFIERS[type.kind], type.type, inner, depth + 1);
    case 'typeTag':
    case 'var':
    case 'func':
      return print(btf, type.type, inner, depth + 1);
    case 'funcProto':
      return print(btf, type.type, `${inner || '()'}(${parameters(btf, type, depth + 1)})`, depth + 1);
    default:
      return joined(tagged(type), inner);
  }
};

/** A type as C writes it: `struct flow`, `__u32`, `char[16]`, `const char *`, `int (*)(void *, int)`. */
export const typeName = (btf: Btf, id: number): string => print(btf, id, '', 0);

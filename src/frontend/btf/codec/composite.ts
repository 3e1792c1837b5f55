import { WebpfError } from '../../../errors.ts';
import { type BtfValue, memberSpot, mismatch, type Node, type Spot } from './node.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A member: a named one, or an anonymous struct or union whose members count as the outer one's. */
export type Part =
  | { readonly name: string; readonly node: Node; readonly at: number }
  | { readonly name: ''; readonly inner: Composite; readonly at: number };

const present = (fields: Fields, name: string): boolean =>
  Object.hasOwn(fields, name) && fields[name] !== undefined;

/** The members of a struct or union, anonymous ones flattened as C does. */
export class Composite {
  readonly size: number;
  readonly type: string;
  readonly leaves: number;
  /** Flattened. */
  readonly names: ReadonlySet<string>;
  private readonly union: boolean;
  private readonly parts: readonly Part[];

  constructor(type: string, size: number, union: boolean, parts: readonly Part[]) {
    this.type = type;
    this.size = size;
    this.union = union;
    this.parts = parts;
    this.names = new Set(nameParts(parts));
    this.leaves = parts.reduce((sum, part) => sum + ('inner' in part ? part.inner : part.node).leaves, 0);
  }

  readInto(view: DataView, at: number, out: Record<string, BtfValue>): void {
    for (const part of this.parts) {
      if ('inner' in part) part.inner.readInto(view, at + part.at, out);
      else out[part.name] = part.node.read(view, at + part.at);
    }
  }

  writeFields(to: Spot, fields: Fields): void {
    const given = this.parts.filter((part) => isGiven(part, fields));
    this.checkComplete(given, to.path);
    for (const part of given) writePart(part, to, fields);
    if (this.union && given.length > 1 && !to.settled) this.checkAgreement(given, to, fields);
  }

  private checkComplete(given: readonly Part[], path: string): void {
    const wanted = this.union ? Math.min(1, this.parts.length) : this.parts.length;
    if (given.length >= wanted) return;
    const missing = this.union
      ? [...this.names]
      : nameParts(this.parts.filter((part) => !given.includes(part)));
    const right = this.union ? `at least one of ${list(missing)}` : list(missing);
    throw new WebpfError('bad-map', `${path || 'value'} (${this.type}): ${right} missing`, {
      stage: 'runtime',
    });
  }

  /** Members of a union share bytes: when several are given they must say the same. */
  private checkAgreement(given: readonly Part[], to: Spot, fields: Fields): void {
    const odd = given.find((part) => overwritten(part, this.size, to, fields));
    if (odd === undefined) return;
    const others = nameParts(given.filter((other) => other !== odd));
    throw new WebpfError(
      'bad-map',
      `${to.path || 'value'} (${this.type}): ${list(nameParts([odd]))} contradicts ${list(others)}; give one of them`,
      { stage: 'runtime' },
    );
  }
}

const isGiven = (part: Part, fields: Fields): boolean =>
  'inner' in part
    ? part.inner.names.size === 0 || Object.keys(fields).some((name) => part.inner.names.has(name))
    : present(fields, part.name);

const nameParts = (parts: readonly Part[]): string[] =>
  parts.flatMap((part) => ('inner' in part ? [...part.inner.names] : [part.name]));

const list = (names: Iterable<string>): string => [...names].map((name) => `'${name}'`).join(', ');

function writePart(part: Part, to: Spot, fields: Fields): void {
  if ('inner' in part) part.inner.writeFields({ ...to, at: to.at + part.at }, fields);
  else part.node.write(memberSpot(to, part.at, part.name), fields[part.name]);
}

/**
 * Whether writing a member of a union again would change what is there, padding aside. Unions inside were checked
 * when they were written: doing so again at every level would double the work with each.
 */
function overwritten(part: Part, size: number, to: Spot, fields: Fields): boolean {
  const start = to.view.byteOffset + to.at;
  const copy = new DataView(to.view.buffer.slice(start, start + size));
  writePart(part, { ...to, view: copy, at: 0, settled: true }, fields);
  for (let i = 0; i < size; i++) if (copy.getUint8(i) !== to.view.getUint8(to.at + i)) return true;
  return false;
}

function asFields(composite: Composite, value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw mismatch(path, composite.type, `an object with ${list(composite.names)}`, value);
  }
  const unknown = Object.keys(value).find((name) => !composite.names.has(name));
  if (unknown === undefined) return value as Fields;
  throw new WebpfError(
    'bad-map',
    `${path || 'value'}: ${composite.type} has no member '${unknown}'; it has ${list(composite.names)}`,
    { stage: 'runtime' },
  );
}

export const compositeNode = (composite: Composite): Node => ({
  size: composite.size,
  leaves: composite.leaves,
  type: composite.type,
  read: (view, at) => {
    const out: Record<string, BtfValue> = {};
    composite.readInto(view, at, out);
    return out;
  },
  write: (to, value) => composite.writeFields(to, asFields(composite, value, to.path)),
});

/** What a CO-RE relocation asks about. */
export type CoreSubject = 'field' | 'type' | 'enumerator';

export interface CoreKind {
  readonly name: string;
  readonly subject: CoreSubject;
}

/** enum bpf_core_relo_kind, in its order. */
const KINDS = [
  { name: 'field byte offset', subject: 'field' },
  { name: 'field byte size', subject: 'field' },
  { name: 'field existence', subject: 'field' },
  { name: 'field signedness', subject: 'field' },
  { name: 'field left shift', subject: 'field' },
  { name: 'field right shift', subject: 'field' },
  { name: 'local type id', subject: 'type' },
  { name: 'target type id', subject: 'type' },
  { name: 'type existence', subject: 'type' },
  { name: 'type size', subject: 'type' },
  { name: 'enumerator existence', subject: 'enumerator' },
  { name: 'enumerator value', subject: 'enumerator' },
  { name: 'type match', subject: 'type' },
] as const satisfies readonly CoreKind[];

type Row = (typeof KINDS)[number];

/** The questions about one sort of subject. */
export type CoreQuestion<S extends CoreSubject> = Extract<Row, { subject: S }>['name'];

/** The kind of a relocation; undefined for a number that no compiler writes yet. */
export const coreKind = (kind: number): Row | undefined => KINDS[kind];

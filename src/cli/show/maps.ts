import { abi, type BpfMap, type BpfObject, type MapSpec, mapTypeName, WebpfError } from '../../index.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import type { Limit } from '../options.ts';
import { table } from '../table.ts';
import { grouped, styled } from '../text.ts';
import { columnsOf } from './columns.ts';
import { formatValue } from './format.ts';
import { heaviest, inOrder, type Row, sumCpus } from './rows.ts';

const ordered: ReadonlySet<number> = new Set([abi.MAP_TYPE_ARRAY, abi.MAP_TYPE_PERCPU_ARRAY]);
/** Their values mean nothing outside the engine, or they are shown as events. */
const opaque: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_PROG_ARRAY,
  abi.MAP_TYPE_PERF_EVENT_ARRAY,
  abi.MAP_TYPE_ARRAY_OF_MAPS,
  abi.MAP_TYPE_HASH_OF_MAPS,
  abi.MAP_TYPE_RINGBUF,
  abi.MAP_TYPE_QUEUE,
  abi.MAP_TYPE_STACK,
]);

const isGlobalData = ({ section }: MapSpec): boolean => /^\.(data|rodata|bss)(\.|$)/.test(section);

const isShown = (spec: MapSpec, limit: Limit): boolean =>
  !opaque.has(spec.type) && (!isGlobalData(spec) || limit === Number.POSITIVE_INFINITY);

/** A map that could not be made is no use to any program that runs, and has nothing to show. */
function openMap(object: BpfObject, name: string): BpfMap | undefined {
  try {
    return object.map(name);
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
}

function* entriesOf(map: BpfMap): Generator<readonly [unknown, unknown]> {
  for (const [key, value] of map) {
    yield [key, map.raw.perCpu && Array.isArray(value) ? sumCpus(value) : value];
  }
}

const select = (map: BpfMap, limit: Limit) =>
  ordered.has(map.spec.type) ? inOrder(entriesOf(map), limit) : heaviest(entriesOf(map), limit);

/** Headers that key and value share are told apart. */
function distinct(keys: readonly string[], values: readonly string[]): string[] {
  const marked = values.map((header) => (keys.includes(header) ? `value.${header}` : header));
  return [...keys, ...marked];
}

function rowsTable({ spec }: BpfMap, rows: readonly Row[]): string {
  const keys = columnsOf(spec.btf, ordered.has(spec.type) ? undefined : spec.keyTypeId, 'key');
  const values = columnsOf(spec.btf, spec.valueTypeId, 'value');
  const head = distinct(
    keys.map(({ header }) => header),
    values.map(({ header }) => header),
  );
  return table(
    head,
    rows.map(({ key, value }) => [
      ...keys.map((column) => column.text(key)),
      ...values.map((column) => column.text(value)),
    ]),
  );
}

/** `hash, 12 of 4,096 entries`. */
function extent({ spec, size }: BpfMap, total: number, shown: number): string {
  const what = ordered.has(spec.type) ? `${grouped(total)} not zero` : grouped(size);
  const part = shown < total ? `, ${grouped(shown)} shown` : '';
  return `${mapTypeName(spec.type)}, ${what} of ${grouped(spec.maxEntries)} entries${part}`;
}

/** Variables that compilers make have names of their kind: `main.____fmt`. */
const isOwn = (name: string): boolean => !/\.__|^\.L/.test(name);

/** A row for each number or text inside a value. */
function flat(name: string, value: unknown): [string, string][] {
  const isRecord = typeof value === 'object' && value?.constructor === Object;
  if (!isRecord) return [[name, formatValue(value)]];
  return Object.entries(value).flatMap(([field, inner]) => flat(`${name}.${field}`, inner));
}

/** Global data has one value: an object of the variables. */
function printGlobals(io: Io, map: BpfMap): void {
  const data = [...map.values()][0];
  io.stdout.write(`\n${styled(io, io.stdout, 'bold', map.name)}\n`);
  if (typeof data !== 'object' || data === null || data instanceof Uint8Array) {
    io.stdout.write(`  ${formatValue(data)}\n`);
    return;
  }
  const variables = Object.entries(data).filter(([name]) => isOwn(name));
  io.stdout.write(
    table(
      ['variable', 'value'],
      variables.flatMap(([name, value]) => flat(name, value)),
    ),
  );
}

function printMap(io: Io, map: BpfMap, limit: Limit): void {
  if (isGlobalData(map.spec)) {
    printGlobals(io, map);
    return;
  }
  const { rows, total } = select(map, limit);
  const name = styled(io, io.stdout, 'bold', map.name);
  io.stdout.write(`\n${name}: ${extent(map, total, rows.length)}\n`);
  if (rows.length > 0) io.stdout.write(rowsTable(map, rows));
}

function printMapJson(io: Io, map: BpfMap, limit: Limit): void {
  let left = limit;
  for (const [key, value] of map) {
    if (left-- <= 0) return;
    printJson(io.stdout, { map: map.name, type: mapTypeName(map.spec.type), key, value });
  }
}

/** Prints the maps of an object, those with the largest first number on top; each element a line in JSON. */
export function printMaps(io: Io, object: BpfObject, limit: Limit, json: boolean): void {
  if (limit === 0) return;
  for (const spec of object.maps.filter((one) => isShown(one, limit))) {
    const map = openMap(object, spec.name);
    if (map) (json ? printMapJson : printMap)(io, map, limit);
  }
}

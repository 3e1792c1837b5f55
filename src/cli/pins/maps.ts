import { abi, type BpfMap, type MapInfo, type MapSpec, mapTypeNumber } from '../../index.ts';
import { hexBytes, inJson, isJson, printDocument, printDone, printText, spaced } from './print.ts';
import { attempt, objectsOf, pinsOf, readReference, type Session } from './session.ts';
import { badWords } from './words.ts';

/** A map that a command works on. */
interface Subject {
  readonly fd: number;
  readonly map: BpfMap;
  readonly spec: MapSpec;
}

function readMap(session: Session): Subject {
  const fd = readReference(session, 'map');
  const map = session.bpf.map({ mapFd: fd });
  return { fd, map, spec: map.spec };
}

const align8 = (bytes: number): number => (bytes + 7) & ~7;
const REFERENCES: ReadonlySet<number> = new Set([abi.MAP_TYPE_ARRAY_OF_MAPS, abi.MAP_TYPE_HASH_OF_MAPS]);

// ---- what there is -----------------------------------------------------------------------------------------

const infoDocument = ({ bpf }: Session, info: MapInfo) => {
  const pinned = pinsOf(bpf, 'map', info.id);
  return {
    id: info.id,
    type: info.type,
    ...(info.name !== '' && { name: info.name }),
    flags: info.mapFlags,
    bytes_key: info.keySize,
    bytes_value: info.valueSize,
    max_entries: info.maxEntries,
    frozen: info.frozen ? 1 : 0,
    ...(info.btfId !== 0 && { btf_id: info.btfId }),
    ...(pinned.length > 0 && { pinned }),
  };
};

function infoText(session: Session, info: MapInfo): string {
  const { id, type, name, mapFlags, keySize, valueSize, maxEntries, frozen, btfId } = info;
  const label = name === '' ? '' : `  name ${name}`;
  const types = btfId === 0 ? '' : `  btf_id ${btfId}`;
  return [
    `${id}: ${type}${label}  flags 0x${mapFlags.toString(16)}`,
    `\tkey ${keySize}B  value ${valueSize}B  max_entries ${maxEntries}${types}${frozen ? '  frozen' : ''}`,
    ...pinsOf(session.bpf, 'map', id).map((pin) => `\tpinned ${pin}`),
  ].join('\n');
}

function show(session: Session): number {
  const one = session.words.isAtEnd ? undefined : readReference(session, 'map');
  session.words.end();
  if (one !== undefined) {
    const info = session.bpf.objGetInfoByFd({ bpfFd: one }) as MapInfo;
    if (isJson(session)) printDocument(session, infoDocument(session, info));
    else printText(session, infoText(session, info));
    return 0;
  }
  const all = [...objectsOf(session.bpf, 'map')] as MapInfo[];
  if (isJson(session))
    printDocument(
      session,
      all.map((info) => infoDocument(session, info)),
    );
  else for (const info of all) printText(session, infoText(session, info));
  return 0;
}

// ---- elements ----------------------------------------------------------------------------------------------

const hasTypes = ({ spec }: Subject): boolean => (spec.valueTypeId ?? 0) !== 0 && spec.btf !== undefined;

/** Values of a per-CPU map, CPU by CPU. */
const perCpu = ({ spec }: Subject, value: Uint8Array): Uint8Array[] =>
  Array.from({ length: value.length / align8(spec.valueSize) }, (_, cpu) =>
    value.subarray(cpu * align8(spec.valueSize), cpu * align8(spec.valueSize) + spec.valueSize),
  );

function elementDocument(subject: Subject, key: Uint8Array, value: Uint8Array) {
  const { map } = subject;
  const plain = map.raw.perCpu
    ? { key, values: perCpu(subject, value).map((own, cpu) => ({ cpu, value: own })) }
    : { key, value };
  if (!hasTypes(subject)) return plain;
  const [decodedKey, decoded] = map.decode(key, value);
  const formatted = map.raw.perCpu
    ? { key: decodedKey, values: (decoded as unknown[]).map((own, cpu) => ({ cpu, value: own })) }
    : { key: decodedKey, value: decoded };
  return { ...plain, formatted };
}

function elementText(subject: Subject, key: Uint8Array, value: Uint8Array): string {
  const { map } = subject;
  if (hasTypes(subject)) {
    const [decodedKey, decoded] = map.decode(key, value);
    return inJson({ key: decodedKey, [map.raw.perCpu ? 'values' : 'value']: decoded });
  }
  if (!map.raw.perCpu) return `key: ${spaced(key)}  value: ${spaced(value)}`;
  const values = perCpu(subject, value).map(
    (own, cpu) => `\nvalue (CPU ${`${cpu}`.padStart(2, '0')}): ${spaced(own)}`,
  );
  return `key:\n${spaced(key)}${values.join('')}`;
}

function* elementsOf({ bpf }: Session, { fd }: Subject): Generator<[Uint8Array, Uint8Array | undefined]> {
  for (let key: Uint8Array | undefined; ; ) {
    const following = attempt(() => bpf.mapGetNextKey({ mapFd: fd, key }));
    if (following === undefined) return;
    key = following;
    yield [key, attempt(() => bpf.mapLookupElem({ mapFd: fd, key: following }))];
  }
}

function dump(session: Session): number {
  const subject = readMap(session);
  session.words.end();
  const elements = [...elementsOf(session, subject)].flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  if (isJson(session)) {
    printDocument(
      session,
      elements.map(([key, value]) => elementDocument(subject, key, value)),
    );
    return 0;
  }
  for (const [key, value] of elements) printText(session, elementText(subject, key, value));
  printText(session, `Found ${elements.length} element${elements.length === 1 ? '' : 's'}`);
  return 0;
}

function readKey({ words }: Session, { spec }: Subject): Uint8Array {
  words.expect('key');
  return words.bytes('key', spec.keySize);
}

function lookup(session: Session): number {
  const subject = readMap(session);
  const { fd } = subject;
  const key = readKey(session, subject);
  session.words.end();
  const value = attempt(() => session.bpf.mapLookupElem({ mapFd: fd, key }));
  if (isJson(session))
    printDocument(session, value === undefined ? null : elementDocument(subject, key, value));
  else
    printText(
      session,
      value === undefined ? `key:\n${spaced(key)}\n\nNot found` : elementText(subject, key, value),
    );
  return value === undefined ? 1 : 0;
}

/** VALUE: bytes, or of maps of maps and program arrays what the entry leads to. Of per-CPU maps the same for each CPU. */
function readValue(session: Session, { spec, map }: Subject): Uint8Array {
  const { words } = session;
  words.expect('value');
  const kind = REFERENCES.has(spec.type) ? 'map' : spec.type === abi.MAP_TYPE_PROG_ARRAY ? 'prog' : undefined;
  if (kind !== undefined) return new Uint8Array(Uint32Array.of(readReference(session, kind)).buffer);
  const own = words.bytes('value', spec.valueSize);
  const whole = new Uint8Array(map.raw.valueBytes);
  const stride = map.raw.perCpu ? align8(spec.valueSize) : whole.length;
  for (let at = 0; at < whole.length; at += stride) whole.set(own, at);
  return whole;
}

const UPDATE_FLAGS: Readonly<Record<string, number>> = {
  any: abi.BPF_ANY,
  noexist: abi.BPF_NOEXIST,
  exist: abi.BPF_EXIST,
};

function update(session: Session): number {
  const { bpf, words } = session;
  const subject = readMap(session);
  const keyless = subject.spec.keySize === 0;
  const key = keyless ? undefined : readKey(session, subject);
  const value = readValue(session, subject);
  const word = words.isAtEnd ? 'any' : words.next('any, exist or noexist');
  const flags = UPDATE_FLAGS[word];
  if (flags === undefined) throw badWords(`"${word}" must be any, exist or noexist`);
  words.end();
  bpf.mapUpdateElem({ mapFd: subject.fd, ...(key && { key }), value, flags });
  return printDone(session);
}

function remove(session: Session): number {
  const subject = readMap(session);
  const key = readKey(session, subject);
  session.words.end();
  session.bpf.mapDeleteElem({ mapFd: subject.fd, key });
  return printDone(session);
}

function getnext(session: Session): number {
  const subject = readMap(session);
  const key = session.words.isAtEnd ? undefined : readKey(session, subject);
  session.words.end();
  const next = session.bpf.mapGetNextKey({ mapFd: subject.fd, key });
  if (isJson(session)) {
    printDocument(session, { key: key === undefined ? null : hexBytes(key), next_key: hexBytes(next) });
    return 0;
  }
  printText(session, `key:${key === undefined ? ' None' : `\n${spaced(key)}`}\nnext key:\n${spaced(next)}`);
  return 0;
}

/** Queues and stacks: what is taken, or looked at. */
function take(session: Session, isRemoved: boolean): number {
  const { fd } = readMap(session);
  session.words.end();
  const { bpf } = session;
  const value = attempt(() =>
    isRemoved ? bpf.mapLookupAndDeleteElem({ mapFd: fd }) : bpf.mapLookupElem({ mapFd: fd }),
  );
  if (isJson(session)) printDocument(session, value === undefined ? null : { value });
  else printText(session, value === undefined ? 'Error: empty map' : `value: ${spaced(value)}`);
  return value === undefined ? 1 : 0;
}

function push(session: Session): number {
  const subject = readMap(session);
  const value = readValue(session, subject);
  session.words.end();
  session.bpf.mapUpdateElem({ mapFd: subject.fd, value });
  return printDone(session);
}

// ---- maps themselves ---------------------------------------------------------------------------------------

function typeNumber(name: string): number {
  const type = mapTypeNumber(name);
  if (type === undefined) throw badWords(`"${name}" is no type of maps`);
  return type;
}

interface Shape {
  mapType?: number;
  innerMapFd?: number;
  mapName: string;
  key: number;
  value: number;
  entries: number;
  flags: number;
}

function readShape(session: Session): Shape {
  const { words } = session;
  const shape: Shape = { mapName: '', key: 0, value: 0, entries: 0, flags: 0 };
  while (!words.isAtEnd) {
    const word = words.next('a keyword');
    if (word === 'type') shape.mapType = typeNumber(words.next('the type'));
    else if (word === 'name') shape.mapName = words.next('the name');
    else if (word === 'inner_map') shape.innerMapFd = readReference(session, 'map');
    else if (word === 'key' || word === 'value' || word === 'entries' || word === 'flags')
      shape[word] = words.number(word);
    else throw badWords(`"${word}" must be type, key, value, entries, name, flags or inner_map`);
  }
  return shape;
}

function create(session: Session): number {
  const pathname = session.words.next('the name to pin the map by');
  const { mapType, innerMapFd, mapName, key, value, entries, flags } = readShape(session);
  if (mapType === undefined) throw badWords('a map needs a type: type hash, for example');
  const shape = { mapType, keySize: key, valueSize: value, maxEntries: entries, mapFlags: flags, mapName };
  const bpfFd = session.bpf.mapCreate({ ...shape, ...(innerMapFd !== undefined && { innerMapFd }) });
  session.bpf.objPin({ pathname, bpfFd });
  return printDone(session);
}

function pin(session: Session): number {
  const { fd } = readMap(session);
  const pathname = session.words.next('the name to pin the map by');
  session.words.end();
  session.bpf.objPin({ pathname, bpfFd: fd });
  return printDone(session);
}

function freeze(session: Session): number {
  const { fd } = readMap(session);
  session.words.end();
  session.bpf.mapFreeze({ mapFd: fd });
  return printDone(session);
}

export const MAP_COMMANDS: Readonly<Record<string, (session: Session) => number>> = {
  show,
  list: show,
  create,
  dump,
  update,
  lookup,
  getnext,
  delete: remove,
  pin,
  freeze,
  push,
  enqueue: push,
  peek: (session) => take(session, false),
  pop: (session) => take(session, true),
  dequeue: (session) => take(session, true),
};

import { writeFileSync } from 'node:fs';
import { disassembleLines, type ProgInfo, type ProgramType, readObject } from '../../index.ts';
import { readInput, writing } from '../input.ts';
import { isJson, printDocument, printDone, printText, spaced } from './print.ts';
import { objectsOf, pinsOf, readReference, type Session } from './session.ts';
import { badWords } from './words.ts';

const NS = 1_000_000_000n;

function infoDocument({ bpf }: Session, info: ProgInfo) {
  const { id, type, name, tag, gplCompatible, loadTime, xlatedProgLen, mapIds } = info;
  const pinned = pinsOf(bpf, 'prog', id);
  return {
    id,
    type,
    ...(name !== '' && { name }),
    tag,
    gpl_compatible: gplCompatible,
    loaded_at: Number(loadTime / NS),
    bytes_xlated: xlatedProgLen,
    map_ids: mapIds,
    ...(pinned.length > 0 && { pinned }),
  };
}

function infoText({ bpf }: Session, info: ProgInfo): string {
  const { id, type, name, tag, gplCompatible, loadTime, xlatedProgLen, mapIds } = info;
  const label = name === '' ? '' : `  name ${name}`;
  const maps = mapIds.length === 0 ? '' : `  map_ids ${mapIds.join(',')}`;
  return [
    `${id}: ${type}${label}  tag ${tag}${gplCompatible ? '  gpl' : ''}`,
    `\tloaded_at ${new Date(Number(loadTime / 1_000_000n)).toISOString()}`,
    `\txlated ${xlatedProgLen}B${maps}`,
    ...pinsOf(bpf, 'prog', id).map((pin) => `\tpinned ${pin}`),
  ].join('\n');
}

function show(session: Session): number {
  const one = session.words.isAtEnd ? undefined : readReference(session, 'prog');
  session.words.end();
  const infos =
    one === undefined
      ? ([...objectsOf(session.bpf, 'prog')] as ProgInfo[])
      : [session.bpf.objGetInfoByFd({ bpfFd: one }) as ProgInfo];
  const documents = infos.map((info) => infoDocument(session, info));
  if (isJson(session)) printDocument(session, one === undefined ? documents : documents[0]);
  else for (const info of infos) printText(session, infoText(session, info));
  return 0;
}

async function dump(session: Session): Promise<number> {
  const { words, bpf } = session;
  words.expect('xlated');
  const { code, kfuncs } = bpf.program({ progFd: readReference(session, 'prog') });
  if (words.skip('file')) {
    const path = words.next('the file');
    words.end();
    await writing(path, () => writeFileSync(path, code));
    return printDone(session);
  }
  const opcodes = words.skip('opcodes');
  words.end();
  const lines = [...disassembleLines(code, { dialect: 'kernel', kfuncs, tolerant: true })];
  if (isJson(session)) {
    printDocument(
      session,
      lines.map(({ text, bytes }) => ({
        disasm: text,
        ...(opcodes && { opcodes: bytes }),
      })),
    );
    return 0;
  }
  for (const { insn, text, bytes } of lines) {
    printText(session, `${`${insn}`.padStart(4)}: ${text}`);
    if (opcodes) printText(session, `       ${spaced(bytes)}`);
  }
  return 0;
}

/** `map idx N MAP` and `map name NAME MAP`: maps that take the place of those of the object. */
function readMaps(session: Session, names: readonly string[]): Record<string, number> {
  const { words } = session;
  const given: Record<string, number> = {};
  while (words.skip('map')) {
    const by = words.next('idx or name');
    if (by !== 'idx' && by !== 'name') throw badWords(`"${by}" must be idx or name`);
    const name =
      by === 'name' ? words.next('the name of the map') : names[words.number('the index of the map')];
    if (name === undefined) throw badWords(`the object has ${names.length} maps, counted from 0`);
    given[name] = readReference(session, 'map');
  }
  return given;
}

async function load(session: Session, isAll: boolean): Promise<number> {
  const { words, bpf } = session;
  const path = words.next('the object file');
  const pathname = words.next('the name to pin by');
  const file = await readObject(path);
  const type = words.skip('type') ? (words.next('the type') as ProgramType) : undefined;
  const mapFds = readMaps(
    session,
    file.maps.map(({ name }) => name),
  );
  const pinmaps = words.skip('pinmaps') ? words.next('the name to pin maps under') : undefined;
  words.end();
  const programs = type === undefined ? file.programs : file.programs.map((one) => ({ ...one, type }));
  const { progs, maps } = await bpf.loadObject({ ...file, programs }, { mapFds });
  const [first] = progs.values();
  if (first === undefined) throw badWords(`${path} has no programs`);
  if (isAll) for (const [name, fd] of progs) bpf.objPin({ pathname: `${pathname}/${name}`, bpfFd: fd });
  else bpf.objPin({ pathname, bpfFd: first });
  if (pinmaps !== undefined)
    for (const [name, fd] of maps) bpf.objPin({ pathname: `${pinmaps}/${name}`, bpfFd: fd });
  return printDone(session);
}

function pin(session: Session): number {
  const fd = readReference(session, 'prog');
  const pathname = session.words.next('the name to pin the program by');
  session.words.end();
  session.bpf.objPin({ pathname, bpfFd: fd });
  return printDone(session);
}

/** What `prog run` is told behind the program. */
function readRun({ words }: Session): Readonly<Record<string, string>> {
  const known = ['data_in', 'data_out', 'ctx_in', 'ctx_out', 'repeat'];
  const given: Record<string, string> = {};
  while (!words.isAtEnd) {
    const word = words.next('a keyword');
    if (!known.includes(word)) throw badWords(`"${word}" must be one of ${known.join(', ')}`);
    given[word] = words.next(`what belongs to ${word}`);
  }
  return given;
}

async function writeOut(session: Session, path: string | undefined, bytes: Uint8Array): Promise<void> {
  if (path === undefined) return;
  if (path === '-') session.io.stdout.write(bytes);
  else await writing(path, () => writeFileSync(path, bytes));
}

async function run(session: Session): Promise<number> {
  const { bpf, io } = session;
  const progFd = readReference(session, 'prog');
  const { data_in: dataFile, ctx_in: ctxFile, data_out, ctx_out, repeat = '1' } = readRun(session);
  if (!/^\d+$/.test(repeat)) throw badWords(`repeat is "${repeat}", but must be a number`);
  const [dataIn, ctxIn] = [
    dataFile && (await readInput(dataFile, io)),
    ctxFile && (await readInput(ctxFile, io)),
  ];
  const { retval, dataOut, ctxOut, duration } = await bpf.progTestRun({
    progFd,
    ...(dataIn && { dataIn }),
    ...(ctxIn && { ctxIn }),
    repeat: Number(repeat),
  });
  await writeOut(session, data_out, dataOut);
  await writeOut(session, ctx_out, ctxOut);
  const ns = Math.round(duration);
  if (isJson(session)) printDocument(session, { retval, duration: ns });
  else
    printText(session, `Return value: ${retval}, duration${Number(repeat) > 1 ? ' (average)' : ''}: ${ns}ns`);
  return 0;
}

export const PROG_COMMANDS: Readonly<Record<string, (session: Session) => number | Promise<number>>> = {
  show,
  list: show,
  dump,
  load: (session) => load(session, false),
  loadall: (session) => load(session, true),
  pin,
  run,
};

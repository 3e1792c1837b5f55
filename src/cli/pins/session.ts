import { abi, Bpf, type BpfObjectKind, type ObjectInfo } from '../../index.ts';
import type { Io } from '../io.ts';
import { badWords, type Words } from './words.ts';

export interface PinFlags {
  /** Directory of what is pinned. */
  readonly pins?: string;
  readonly json?: boolean;
  readonly pretty?: boolean;
}

/** One command over a directory of pins. */
export interface Session {
  readonly io: Io;
  readonly bpf: Bpf;
  readonly words: Words;
  readonly flags: PinFlags;
}

/** Where pins are, unless the command line says it. */
const DEFAULT_DIRECTORY = 'pins';

export const openPins = ({ env }: Io, { pins }: PinFlags): Promise<Bpf> =>
  Bpf.open({ pins: pins ?? env.WEBPF_PINS ?? DEFAULT_DIRECTORY });

/** Undefined where the kernel says -ENOENT. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && 'errno' in error && error.errno === abi.ENOENT) return undefined;
    throw error;
  }
}

/** What there is of a kind, by ascending id. */
export function* objectsOf(bpf: Bpf, kind: 'map' | 'prog'): Generator<ObjectInfo> {
  for (let id: number | undefined = 0; ; ) {
    const last: number = id;
    id = attempt(() => bpf.getNextId(kind, last));
    if (id === undefined) return;
    const fd = bpf.getFdById(kind, id);
    yield bpf.objGetInfoByFd({ bpfFd: fd });
    bpf.closeFd(fd);
  }
}

const labelOf = (info: ObjectInfo, by: 'name' | 'tag'): string | undefined => {
  if (by === 'tag') return info.kind === 'prog' ? info.tag : undefined;
  return info.kind === 'map' || info.kind === 'prog' ? info.name : undefined;
};

function fdByName({ bpf }: Session, kind: 'map' | 'prog', by: 'name' | 'tag', text: string): number {
  const found = [...objectsOf(bpf, kind)].filter((info) => labelOf(info, by) === text);
  if (found.length === 1 && found[0] !== undefined) return bpf.getFdById(kind, found[0].id);
  const ids = found.map(({ id }) => id).join(', ');
  throw badWords(
    found.length === 0
      ? `there is no ${kind} with ${by} "${text}"`
      : `${by} "${text}" is that of several (id ${ids}): use id`,
  );
}

function fdByPin({ bpf }: Session, kind: BpfObjectKind, pathname: string): number {
  const fd = bpf.objGet({ pathname });
  const info = bpf.objGetInfoByFd({ bpfFd: fd });
  if (info.kind === kind) return fd;
  throw badWords(`"${pathname}" is pinned, but it is a ${info.kind}, no ${kind}`);
}

/** MAP or PROG of the grammar: `id N`, `pinned FILE`, `name NAME`, of programs `tag TAG`. A descriptor. */
export function readReference(session: Session, kind: 'map' | 'prog'): number {
  const { words, bpf } = session;
  const by = words.next(`which ${kind} (id, pinned, name)`);
  if (by === 'id') return bpf.getFdById(kind, words.number('the id'));
  if (by === 'pinned') return fdByPin(session, kind, words.next('the name of the pin'));
  if (by === 'name' || (by === 'tag' && kind === 'prog'))
    return fdByName(session, kind, by, words.next(`the ${by}`));
  throw badWords(`"${by}" does not say which ${kind}: it must be id, pinned or name`);
}

/** Names under which an object is pinned. */
export const pinsOf = ({ pinned }: Bpf, kind: string, id: number): string[] =>
  [...pinned].filter(([, object]) => object.kind === kind && object.id === id).map(([name]) => name);

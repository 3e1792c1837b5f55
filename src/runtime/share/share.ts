import { ABI_VERSION } from '../../abi/layout.ts';
import { WebpfError } from '../../errors.ts';
import type { ObjectFile } from '../../frontend/program.ts';
import { compileArtifact } from '../../jit/instantiate.ts';
import type { Engine } from '../engine.ts';
import type { NamedMaps } from '../mapSet.ts';
import type { LoadedProgram, SharedProgram, SharedState } from './types.ts';

/** An object in shared memory, as plain data for `postMessage`: see {@link openShared}. */
export interface SharedObject {
  /** Name of the object file. */
  readonly name: string;
  /** Each thread needs one of its own: 0 to `cpus` less one, without the one that has opened the object. */
  readonly cpus: number;
  /** Names of the programs that can be run. */
  readonly programs: readonly string[];
  /** Everything else. */
  readonly state: object;
}

async function sharedProgram(loaded: LoadedProgram): Promise<SharedProgram> {
  const { translated, ...rest } = loaded;
  if (rest.program.type === 'flow_dissector') {
    const message = `${rest.program.name} cannot be shared: the flow keys of a flow dissector are of one thread`;
    throw new WebpfError('unsupported', message, { stage: 'runtime', subject: rest.program.name });
  }
  if (translated === undefined) return { ...rest, translated };
  const { artifact, info, indexes } = translated;
  return { ...rest, translated: { info, indexes, module: await compileArtifact(artifact) } };
}

export async function shareObject(engine: Engine, file: ObjectFile, maps: NamedMaps): Promise<SharedObject> {
  const shared = await engine.share();
  const programs = await Promise.all([...engine.loaded.values()].map(sharedProgram));
  // A program of another object may have the same name: this object's are those that were made of its file.
  const own = programs.filter(({ program }) => file.programs.some(({ code }) => code === program.code));
  const made = [...maps].flatMap(([name, map]): [string, number][] =>
    map instanceof WebpfError ? [] : [[name, map.address]],
  );
  const state: SharedState = {
    abi: ABI_VERSION,
    engine: shared,
    maps: Array.from(engine.maps, ({ spec, address }) => ({ spec, address })),
    programs,
    tailCalls: new Map(engine.tailCalls.groups),
    object: {
      file: { ...file, refused: [] },
      maps: new Map(made),
      programs: new Map(own.map(({ program, descriptor }) => [program.name, descriptor])),
    },
  };
  return { name: file.name, cpus: shared.cpus, programs: own.map(({ program }) => program.name), state };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Bpf, type ObjectLoadOptions, open, type ProgramType, readObject } from '../../src/index.ts';
import { example } from '../api/build.ts';

const PIPELINE = example('pipeline.bpf.o');
const ofTests = (name: string): string => fileURLToPath(new URL(`../objects/${name}.o`, import.meta.url));

async function load(path: string, options: ObjectLoadOptions = {}) {
  const bpf = await Bpf.open({ engine: 'interp' });
  const loaded = await bpf.loadObject(await readObject(path), options);
  return { bpf, ...loaded };
}

describe('Bpf.loadObject', () => {
  it('loads programs and maps, and puts programs where they are called', async () => {
    const { bpf, progs, maps } = await load(PIPELINE);
    using _ = bpf;
    const { programs, maps: specs } = await readObject(PIPELINE);
    expect([...progs.keys()]).toEqual(programs.map(({ name }) => name));
    expect([...maps.keys()].sort()).toEqual(specs.map(({ name }) => name).sort());
    const array = specs.find(({ slots }) => slots?.some(({ kind }) => kind === 'program'));
    const [slot] = array?.slots ?? [];
    const key = new Uint8Array(Uint32Array.of(slot?.index ?? 0).buffer);
    const id = bpf.mapLookupElem({ mapFd: maps.get(array?.name ?? '') ?? -1, key });
    const info = bpf.objGetInfoByFd({ bpfFd: progs.get(slot?.name ?? '') ?? -1 });
    expect(new DataView(id.buffer, id.byteOffset).getUint32(0, true)).toBe(info.id);
  });

  it('leaves programs and maps out', async () => {
    const without = { autoload: { tcp_stage: false } };
    const { bpf, progs } = await load(PIPELINE, without);
    using _ = bpf;
    expect(progs.has('tcp_stage')).toBe(false);
    expect(progs.has('pipeline')).toBe(true);
    const none = Object.fromEntries((await readObject(PIPELINE)).programs.map(({ name }) => [name, false]));
    const { bpf: other, maps } = await load(PIPELINE, { autoload: none, autocreate: { events: false } });
    using __ = other;
    expect(maps.has('events')).toBe(false);
    expect(maps.size).toBeGreaterThan(1);
  });

  it('finds arenas and tables of callbacks again as their objects define them', async () => {
    const pins = await mkdtemp(join(tmpdir(), 'webpf-pins-'));
    {
      using bpf = await Bpf.open({ engine: 'interp', pins });
      const { maps } = await bpf.loadObject(await readObject(ofTests('arena')));
      bpf.objPin({ pathname: 'arena', bpfFd: maps.get('arena') ?? -1 });
      const autoload = { stray: false, writes: false, follows: false };
      const tables = await bpf.loadObject(await readObject(ofTests('struct-ops')), { autoload });
      bpf.objPin({ pathname: 'policy', bpfFd: tables.maps.get('policy') ?? -1 });
    }
    {
      using bpf = await Bpf.open({ engine: 'interp', pins });
      const policy = bpf.mapLookupElem({ mapFd: bpf.objGet({ pathname: 'policy' }), key: new Uint8Array(4) });
      expect(new TextDecoder().decode(policy.subarray(52, 58))).toBe('strict');
      const info = bpf.objGetInfoByFd({ bpfFd: bpf.objGet({ pathname: 'arena' }) });
      expect(info).toMatchObject({ type: 'arena', maxEntries: 16 });
    }
    await rm(pins, { recursive: true });
  });

  it('says what is wrong, and gives back what was made', async () => {
    using bpf = await Bpf.open({ engine: 'interp' });
    const file = await readObject(PIPELINE);
    await expect(bpf.loadObject(file, { autoload: { nobody: false } })).rejects.toThrow(
      /no program "nobody"/,
    );
    await expect(bpf.loadObject(file, { autocreate: { nothing: true } })).rejects.toThrow(/no map "nothing"/);
    await expect(bpf.loadObject(file, { autocreate: { events: false } })).rejects.toThrow(
      /"events" is used, but autocreate/,
    );
    expect(() => bpf.getNextId('map')).toThrow(/-ENOENT/);
    expect(() => bpf.getNextId('prog')).toThrow(/-ENOENT/);
  });
});

describe('option sections', () => {
  it('says what programs of a section are', async () => {
    const { programs } = await readObject(PIPELINE);
    const [{ section = '' } = {}] = programs;
    const sections = { [section]: { type: 'sched_cls', attachType: 'tcx_ingress' } } as const;
    const { programs: read } = await readObject(PIPELINE, undefined, { sections });
    expect(read.filter((one) => one.section === section)).toMatchObject(
      programs
        .filter((one) => one.section === section)
        .map(() => ({ ...sections[section], typeGuessed: false })),
    );
    const stem = `${section.split('/')[0]}+`;
    const all = await readObject(PIPELINE, undefined, { sections: { [stem]: { type: 'syscall' } } });
    expect(new Set(all.programs.map(({ type }) => type))).toEqual(new Set(['syscall']));
    using object = await open(PIPELINE, { engine: 'interp', sections: { other: { type: 'sched_cls' } } });
    expect(object.file.programs[0]?.type).toBe('xdp');
  });

  it('takes types that there are', async () => {
    const sections = { xdp: { type: 'xpd' as ProgramType } };
    await expect(readObject(PIPELINE, undefined, { sections })).rejects.toThrow(/type xpd, which is none of/);
  });
});

import { afterAll, describe, expect, test } from 'vitest';
import { attachTypeInForce, contextOf, type Pointee } from '../../../src/verifier/contexts/index.ts';
import type { KernelJudge } from '../../kernel/kernel.ts';
import { openJudge } from './judge.ts';
import { measureAccesses } from './measure.ts';
import { predictAccesses, predictPointee, predictReturns } from './model.ts';
import { measurePointee, POINTEES } from './pointees.ts';
import { listAttachTypes, measureAttachTypes, measureSite, readRecording, recordOf } from './recording.ts';
import { SITES, type Site, siteName, TYPES } from './sites.ts';

const recording = readRecording();
const judge = await openJudge();
const reason = typeof judge === 'string' ? judge : '';
if (reason !== '') console.log(`kernel tests of contexts skipped: ${reason}`);
afterAll(() => {
  if (typeof judge !== 'string') judge.close();
});

const kernel = (): KernelJudge => {
  if (typeof judge === 'string') throw new Error(judge);
  return judge;
};

async function predictSite(site: Site) {
  const context = contextOf(site.type, site.attachType);
  if (context === undefined) throw new Error(`no context for ${siteName(site)}`);
  const accesses = await predictAccesses(site, context);
  return { accesses, returns: predictReturns(site), packet: context.packet };
}

const predictAttachTypes = (type: Site['type']): Promise<string> =>
  listAttachTypes((name) => attachTypeInForce(type, name) !== undefined);

describe('the tables say what Linux said', () => {
  test.each(SITES.map((site) => [siteName(site), site] as const))('%s', async (name, site) => {
    expect(await predictSite(site)).toEqual(recordOf(recording, name));
  });
  test.each(POINTEES)('memory behind %s', async (pointee: Pointee) => {
    expect(await predictPointee(pointee)).toEqual(recording.pointees[pointee]);
  });
  test.each(TYPES)('attach types of %s', async (type) => {
    expect(await predictAttachTypes(type)).toEqual(recording.attachTypes[type]);
  });
});

describe.skipIf(reason !== '')('this kernel says what Linux said', () => {
  test.each(SITES.map((site) => [siteName(site), site] as const))('%s', async (name, site) => {
    expect(await measureSite(kernel(), site)).toEqual(recordOf(recording, name));
  });
  test.each(POINTEES)('memory behind %s', async (pointee: Pointee) => {
    expect(await measurePointee(kernel(), pointee)).toEqual(recording.pointees[pointee]);
  });
  test.each(TYPES)('attach types of %s', async (type) => {
    expect(await measureAttachTypes(kernel(), type)).toEqual(recording.attachTypes[type]);
  });

  test('what lies before the record of a tracepoint, Linux lets programs read; the tables do not', async () => {
    const site = SITES.find(({ type }) => type === 'tracepoint');
    const context = contextOf('tracepoint');
    if (site === undefined || context === undefined) throw new Error('no tracepoints');
    const before: Site = { ...site, windows: [[-16, -1]] };
    expect(await measureAccesses(kernel(), before)).toMatchObject({ load8: '-16..-8 scalar' });
    expect(await predictAccesses(before, context)).toEqual({});
  });
});

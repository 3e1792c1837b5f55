import { afterAll, describe, expect, test } from 'vitest';
import { contextOf, type Structure, structureOf } from '../../../src/verifier/contexts/index.ts';
import { openJudge } from './judge.ts';
import { predictReturns } from './model.ts';
import { POINTEES } from './pointees.ts';
import { measureReturns } from './returns.ts';
import { candidateOf, SITES, TRACING } from './sites.ts';
import { kernelTypes, memberOffsets, typeId } from './vmlinux.ts';

const btf = kernelTypes();
const judge = await openJudge();
const reason = [btf, judge].find((found) => typeof found === 'string') ?? '';
if (reason !== '') console.log(`tests with the kernel's types skipped: ${reason}`);
afterAll(() => {
  if (typeof judge !== 'string') judge.close();
});

/** Structures without a name in C, and those whose members are not fields of ours. */
const UNNAMED = ['trace_event', 'syscall_args', 'bpf_flow_keys'];

const structures = (): Structure[] => {
  const contexts = SITES.map(({ type, attachType }) => contextOf(type, attachType));
  return [...contexts.filter((context) => context !== undefined), ...POINTEES.map(structureOf)];
};

/** Registers of perf events are a structure inside; the table has them one by one. */
const isRegister = ({ name }: Structure, offset: number): boolean =>
  name === 'bpf_perf_event_data' && offset < 168;

describe.skipIf(reason !== '')('as the types of this kernel have it', () => {
  const named = new Map(structures().map((structure) => [structure.name, structure]));
  test.each([...named.keys()].filter((name) => !UNNAMED.includes(name)))('fields of %s', (name) => {
    if (typeof btf === 'string') throw new Error(btf);
    const members = memberOffsets(btf, name);
    for (const structure of structures().filter((one) => one.name === name)) {
      // Overlapping fields of one name begin inside the member.
      const fields = structure.fields.filter(
        ({ name: own, offset }, index) =>
          structure.fields.findIndex((one) => one.name === own) === index && !isRegister(structure, offset),
      );
      const offsets = fields.map((field) => [field.name, members.get(field.name)]);
      expect(offsets).toEqual(fields.map((field) => [field.name, field.offset]));
    }
  });

  test.each(TRACING)('tracing at %s may return what it may', async (attachType, kind, target) => {
    if (typeof btf === 'string' || typeof judge === 'string') throw new Error(judge.toString());
    const attachBtfId = typeId(btf, kind, target);
    const candidate = { ...candidateOf('tracing', attachType), attachBtfId };
    expect(await measureReturns(judge, { candidate })).toEqual(
      predictReturns({ type: 'tracing', attachType }),
    );
  });
});

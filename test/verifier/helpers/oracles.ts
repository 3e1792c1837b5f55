import { refusalOf } from '../../../src/verifier/helpers/index.ts';
import type { KernelJudge } from '../../kernel/kernel.ts';
import { type Call, predicted, prototypeComplaint, registersOf, type Trial } from './matrix.ts';
import type { Place } from './places.ts';
import { ask, complaintOf } from './probe.ts';
import { MARK, predictedResult, resultIn } from './results.ts';
import type { Specimen } from './specimens.ts';

/** Who says what a program may do: the kernel, or our tables. Texts are the kernel's; '' is consent. */
export interface Oracle {
  readonly refusal: (place: Place, helper: number, license: string) => Promise<string>;
  readonly answer: (trial: Trial) => Promise<string>;
  /** r0 after the call (see results.ts). */
  readonly result: (call: Call) => Promise<string>;
  /** Whether a packet pointer in r7, put there by `packet`, is lost. */
  readonly moves: (call: Call, packet: string) => Promise<boolean>;
}

/** `perfmon`: whether the loader has that capability. */
export const tables = (cpus: number, perfmon = true): Oracle => ({
  refusal: async (place, helper, license) => refusalOf(helper, { ...place, license, perfmon }) ?? '',
  answer: async (trial) => predicted(trial),
  result: async (call) => predictedResult(call, cpus),
  moves: async ({ helper }) => helper.changesPacket,
});

const REFUSALS = /program of this type cannot use|cannot call GPL-restricted|might sleep/;
const READ_PACKET = 'r0 = *(u8 *)(r7 + 0)';
const NO_REGISTERS: readonly Specimen[] = [];

export const kernel = (judge: KernelJudge): Oracle => ({
  refusal: async (place, helper, license) => {
    const complaint = complaintOf(await ask(judge, place, helper, NO_REGISTERS, { license }));
    return REFUSALS.test(complaint) ? complaint : '';
  },
  answer: async (trial) => {
    const { call, position } = trial;
    const complaint = complaintOf(await ask(judge, call.place, call.helper.id, registersOf(trial)));
    return prototypeComplaint(complaint, position);
  },
  result: async ({ place, helper, valid }) =>
    resultIn(await ask(judge, place, helper.id, valid, { after: MARK, logLevel: 2 }), helper.id),
  moves: async ({ place, helper, valid }, packet) => {
    const around = { before: packet, after: READ_PACKET };
    return complaintOf(await ask(judge, place, helper.id, valid, around)).startsWith(
      "R7 invalid mem access 'scalar'",
    );
  },
});

/** Helpers and kernel functions that the program may not call here. */
import { programTypesOf } from '../helpers/index.ts';
import { callAt, calleeName } from './calls.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';

const MANY = 8;

function whoMay(scene: Scene): string {
  const call = callAt(scene, scene.slot);
  if (call?.target !== 'helper') return 'the kernel hands it to programs of other types';
  const types = programTypesOf(call.imm);
  if (types === undefined || types.length === 0) return 'use a helper that this program type has';
  const shown = types.slice(0, MANY).join(', ');
  return `programs of these types may call it: ${shown}${types.length > MANY ? ', …' : ''}`;
}

/** `bpf_redirect#23` of the reason, as C calls it. */
function refused(scene: Scene, match: RegExpExecArray): Diagnosis {
  return {
    summary: `${scene.where} calls ${match[1]}(), which programs of type ${scene.kind} may not`,
    hint: whoMay(scene),
  };
}

const license = (scene: Scene): Diagnosis => ({
  summary: `${scene.where} calls ${calleeName(scene, scene.slot)}(), which is only for programs under a license compatible with the GPL, not "${scene.program.license}"`,
  hint: 'declare the license: `char _license[] SEC("license") = "GPL";` ("Dual BSD/GPL", "Dual MIT/GPL" do as well)',
});

const sleeps = (scene: Scene): Diagnosis => ({
  summary: `${scene.where} calls ${calleeName(scene, scene.slot)}(), which may sleep, in a program that may not`,
  hint: 'load the program as sleepable: put `.s` behind the type in the section name (`fentry.s/…`)',
});

const sleepsInside = (scene: Scene, match: RegExpExecArray): Diagnosis => ({
  summary: `${scene.where} calls ${calleeName(scene, scene.slot)}(), which may sleep, inside of a ${match[1]} region`,
  hint: `leave the region before the call`,
});

const unknown = (scene: Scene, match: RegExpExecArray): Diagnosis => ({
  summary: `${scene.where} calls helper ${match[1]}, and there is no helper of this number`,
  hint: 'helpers have the numbers of enum bpf_func_id in linux/bpf.h; add those of a host where they are its own',
});

export const HELPER_CALLS: Explainers = [
  [/^program of this type cannot use helper (\w+)#\d+/, refused],
  [/^calling kernel function (\w+) is not allowed/, refused],
  [/^cannot call GPL-restricted function/, license],
  [/^cannot call kernel function from non-GPL/, license],
  [/^helper call might sleep/, sleeps],
  [/^program must be sleepable/, sleeps],
  [/^sleepable .* in (\S+) region/, sleepsInside],
  [/^invalid func unknown#(\d+)/, unknown],
];

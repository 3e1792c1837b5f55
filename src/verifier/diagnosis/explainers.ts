/** All that is known of refusals, the particular before the general. */
import { ADDRESSES } from './addresses.ts';
import { ARGUMENTS } from './arguments.ts';
import { BOUNDS } from './bounds.ts';
import { CONTEXT } from './context.ts';
import { HELPER_CALLS } from './helpers.ts';
import { LOOPS } from './loops.ts';
import { NULLS } from './nulls.ts';
import { PACKETS } from './packets.ts';
import { PERMISSIONS } from './permissions.ts';
import { PHRASES } from './phrases.ts';
import { POINTERS } from './pointers.ts';
import { REFERENCES } from './references.ts';
import { RETURNS } from './returns.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { STACK } from './stack.ts';
import { UNINITIALISED } from './uninitialised.ts';
import { UNSUPPORTED } from './unsupported.ts';

const EXPLAINERS: Explainers = [
  ...UNINITIALISED,
  ...PACKETS,
  ...BOUNDS,
  ...NULLS,
  ...ADDRESSES,
  ...STACK,
  ...CONTEXT,
  ...ARGUMENTS,
  ...HELPER_CALLS,
  ...REFERENCES,
  ...RETURNS,
  ...LOOPS,
  ...PERMISSIONS,
  ...POINTERS,
  ...PHRASES,
  ...UNSUPPORTED,
];

const CALLER = /\nCaller passes invalid args into func#\d+ \('(.*)'\)/;

/** What an explainer says, unless it fails: hostile BTF must not cost the reason. */
function heard(scene: Scene): Diagnosis | undefined {
  for (const [pattern, explainer] of EXPLAINERS) {
    const match = pattern.exec(scene.reason);
    if (match === null) continue;
    const diagnosis = explainer(scene, match);
    if (diagnosis !== undefined) return diagnosis;
  }
  return undefined;
}

/** The refusal in the source's terms; the reason itself where nothing more is known. */
export function diagnose(scene: Scene): Required<Diagnosis> {
  const bare = scene.reason.replace(CALLER, '').replaceAll('\n', '; ');
  const found = heard(scene);
  return {
    summary: found?.summary ?? `${scene.where}: ${bare}`,
    hint: found?.hint ?? scene.refusal.hint,
  };
}

/** Program types of the host's own, as far as webpf can run their programs. */

import type { CustomProgramType } from '../verifier/custom.ts';
import { HELPERS } from '../verifier/helpers/index.ts';
import type { Helper } from '../verifier/helpers/types.ts';
import { badArgument } from './argument.ts';
import type { HelperTable } from './helpers.ts';

/** They take any context, and do not look into it. */
const ANY_CONTEXT: ReadonlySet<string> = new Set(['bpf_perf_event_output', 'bpf_tail_call']);

const needsContext = ({ name, args }: Helper): boolean =>
  args.some(({ kind }) => kind === 'context') && !ANY_CONTEXT.has(name);

/**
 * Refuses what the verifier would allow and the runtime would not do: a declaration of the host's in place of one that
 * webpf's own helper relies on, and helpers that need the kernel's contexts.
 *
 * @throws WebpfError 'bad-argument' that names the helper
 */
export function checkOwnType({ name, helpers }: CustomProgramType, table: HelperTable): void {
  for (const [id, helper] of helpers) {
    if (!table.delivers(id)) continue;
    const what = `program type ${name}: helper ${helper.name} (${id})`;
    if (helper !== HELPERS.get(id))
      throw badArgument(`${what} takes the place of one that webpf has itself: give it an id of its own`);
    if (needsContext(helper))
      throw badArgument(
        `${what} works on the context of the kernel's own types: leave it out of kernelHelpers`,
      );
  }
}

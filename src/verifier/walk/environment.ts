/** What surrounds a program: its type's context, helpers and maps. */
import type { MapSpec, ProgramType } from '../../frontend/program.ts';
import type { ReturnRange } from '../contexts/returns.ts';
import type { Context } from '../contexts/types.ts';
import type { Helper, HelperSite, Prototype } from '../helpers/types.ts';

export interface Environment {
  readonly type: ProgramType;
  readonly attachType: string | undefined;
  readonly context: Context;
  readonly site: HelperSite;
  /** Maps by index, and behind them the templates of inner maps. */
  readonly maps: readonly MapSpec[];
  /** Index of the template of a map's inner maps; undefined for other maps. */
  readonly innerOf: ReadonlyMap<number, number>;
  readonly returns: ReturnRange | undefined;
  /** Nobody looks at r0 at its end: it need not have been written. */
  readonly returnsNothing?: boolean;
  readonly sleepable: boolean;
  readonly helper: (id: number) => Helper | undefined;
  readonly prototype: (id: number) => Prototype | undefined;
  /** Positions of functions that call, themselves or by others, what may move the packet. */
  readonly changingFunctions: ReadonlySet<number>;
  readonly refusal: (id: number) => string | undefined;
}

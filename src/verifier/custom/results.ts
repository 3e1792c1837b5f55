import type { Argument, ArgumentKind, Result } from '../helpers/types.ts';
import { checkName, refuseDefinition } from './refuse.ts';

type ResultKind = Result['kind'];

/** Results that follow from an argument, and which. */
const NEEDS: Readonly<Partial<Record<ResultKind, readonly ArgumentKind[]>>> = {
  mapValue: ['map'],
  ringRecord: ['allocationSize'],
  dynptrData: ['allocationSize', 'dynptr'],
  perCpuVariable: ['perCpuBtf'],
  kptr: ['kptr'],
};

/** Values that their properties may have, by kind: others would be silently taken for something else. */
const PROPERTIES: { readonly [K in ResultKind]: Readonly<Record<string, readonly unknown[]>> } = {
  integer: { range: ['size', 'cpu', undefined] },
  void: {},
  mapValue: { nullable: [true, false] },
  socket: { of: ['sock_common', 'sock', 'tcp_sock'], nullable: [true], acquire: [true, false] },
  ringRecord: { nullable: [true], acquire: [true] },
  dynptrData: { nullable: [true] },
  perCpuVariable: { nullable: [true, false] },
  btf: { nullable: [true, false], trusted: [true, false] },
  kptr: { nullable: [true], acquire: [true] },
};

const takes = (args: readonly Argument[], kind: ArgumentKind): boolean =>
  args.some((argument) => argument.kind === kind);

function checkProperties(where: string, result: Result): void {
  for (const [property, allowed] of Object.entries(PROPERTIES[result.kind])) {
    const value = (result as unknown as Readonly<Record<string, unknown>>)[property];
    if (allowed.includes(value)) continue;
    const list = allowed.filter((each) => each !== undefined).join(' or ');
    refuseDefinition(where, `${property} must be ${list}, not ${String(value)}`);
  }
  if (result.kind === 'btf') checkName(`${where}, struct`, result.struct);
}

/**
 * Checks what a helper gives against what it takes. `what` names the helper.
 *
 * @throws WebpfError `bad-argument`
 */
export function checkResult(what: string, result: Result, args: readonly Argument[]): void {
  const where = `${what}, result`;
  if (!Object.hasOwn(PROPERTIES, String(result?.kind)))
    refuseDefinition(
      where,
      `its kind must be one of ${Object.keys(PROPERTIES).join(', ')}, not ${String(result?.kind)}`,
    );
  checkProperties(where, result);
  const missing = NEEDS[result.kind]?.find((kind) => !takes(args, kind));
  if (missing !== undefined)
    refuseDefinition(where, `${result.kind} needs an argument of kind '${missing}', which tells what it is`);
  if (result.kind === 'integer' && result.range === 'size' && !takes(args, 'size'))
    refuseDefinition(where, `range 'size' needs an argument of kind 'size', which bounds it`);
  const sized = result.kind === 'ringRecord' || result.kind === 'dynptrData';
  if (!sized && takes(args, 'allocationSize'))
    refuseDefinition(
      what,
      `allocationSize counts the bytes that are returned: the result must be ringRecord or dynptrData`,
    );
}

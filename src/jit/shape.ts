/** The shape that data from outside must have. */
export type Check = (value: unknown) => boolean;
/** A check for each field. */
export type Shape<T> = { readonly [Key in keyof T]-?: Check };

export const isText: Check = (value) => typeof value === 'string';
export const isFlag: Check = (value) => typeof value === 'boolean';
export const isBytes: Check = (value) => value instanceof Uint8Array;
export const isBig: Check = (value) => typeof value === 'bigint';
/** An unsigned number of 32 bits. */
export const isCount: Check = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
export const isInteger: Check = (value) => Number.isSafeInteger(value);

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);

export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** The first field that is missing or of the wrong kind. */
export const wrongField = <T>(
  value: Readonly<Record<string, unknown>>,
  shape: Shape<T>,
): string | undefined => Object.entries<Check>(shape).find(([key, check]) => !check(value[key]))?.[0];

export const recordOf =
  <T>(shape: Shape<T>): Check =>
  (value) =>
    isRecord(value) && wrongField(value, shape) === undefined;

/** Names that stand for numbers in the instructions of one text. */
export interface Names {
  /** Names of maps by index, given from outside the text. */
  readonly maps: readonly string[];
  /** Names of kernel functions by index: the given ones, and then those of the text in order of first use. */
  readonly kfuncs: string[];
}

/** Index of a kernel function, which is given one when it is met for the first time. */
export function kfuncIndex({ kfuncs }: Names, name: string): number {
  const known = kfuncs.indexOf(name);
  return known >= 0 ? known : kfuncs.push(name) - 1;
}

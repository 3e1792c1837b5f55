import { WebpfError } from '../../errors.ts';

/** Comparing all types of a kernel takes a hundredth of this. */
const MAX_STEPS = 20_000_000;

/** Steps that comparing the types of one object with its target may take: types refer to each other as they like. */
export class Budget {
  private left = MAX_STEPS;

  spend(steps = 1): void {
    this.left -= steps;
    if (this.left >= 0) return;
    const message = `the CO-RE relocations of this object take more than ${MAX_STEPS} comparisons of types`;
    throw new WebpfError('unsupported', message, { stage: 'frontend' });
  }
}

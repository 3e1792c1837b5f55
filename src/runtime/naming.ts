import { WebpfError } from '../errors.ts';

/** Does work whose errors know types and fields, not what they belong to: `prefix` and `subject` say that. */
export function naming<T>(prefix: string, subject: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof WebpfError)) throw cause;
    throw new WebpfError(cause.code, `${prefix}: ${cause.message}`, { stage: 'runtime', subject, cause });
  }
}

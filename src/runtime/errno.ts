import * as abi from '../abi/maps.ts';
import { WebpfError } from '../errors.ts';

const names: ReadonlyMap<number, string> = new Map(
  Object.entries({
    EPERM: abi.EPERM,
    ENOENT: abi.ENOENT,
    E2BIG: abi.E2BIG,
    EBADF: abi.EBADF,
    EAGAIN: abi.EAGAIN,
    ENOMEM: abi.ENOMEM,
    EACCES: abi.EACCES,
    EFAULT: abi.EFAULT,
    EBUSY: abi.EBUSY,
    EEXIST: abi.EEXIST,
    EINVAL: abi.EINVAL,
    ENOSPC: abi.ENOSPC,
    ENOSYS: abi.ENOSYS,
    EOPNOTSUPP: abi.EOPNOTSUPP,
    ENOTSUPP: abi.ENOTSUPP,
  }).map(([name, number]) => [number, name]),
);

/** What each error number means for a map operation, in words. */
const reasons: Readonly<Record<number, string>> = {
  [abi.ENOENT]: 'there is no such element',
  [abi.E2BIG]: 'the map is full, or the index is beyond max_entries',
  [abi.EEXIST]: 'the element exists already',
  [abi.EBUSY]: 'the element is in use',
  [abi.EINVAL]: 'the map type or these flags do not allow it',
  [abi.EPERM]: 'the map is read-only (or write-only) for this side',
  [abi.ENOMEM]: 'linear memory is exhausted',
  [abi.EOPNOTSUPP]: 'this map type does not support it',
};

export const errnoName = (errno: number): string => names.get(errno) ?? `error ${errno}`;

/** `result` is a negative error number as the runtime returns it. */
export function mapError(map: string, operation: string, result: number): WebpfError {
  const errno = -result;
  const reason = reasons[errno];
  return new WebpfError(
    'map-operation',
    `map "${map}": ${operation} refused with -${errnoName(errno)}${reason ? `: ${reason}` : ''}`,
    { stage: 'runtime', subject: map, errno },
  );
}

import { EINVAL } from '../abi/maps.ts';
import { refuse } from './errors.ts';

/** BPF_OBJ_NAME_LEN, its final 0 included. */
const NAME_LENGTH = 16;

/** @throws WebpfError -EINVAL for a name that the kernel does not take (bpf_obj_name_cpy) */
export function checkName(command: string, name: string): string {
  if (/^[\w.]*$/.test(name) && name.length < NAME_LENGTH) return name;
  return refuse(
    command,
    EINVAL,
    `the name "${name}" must have at most ${NAME_LENGTH - 1} letters, digits, dots and underscores`,
  );
}

import { hostHelper } from '../env';
import {
  bpf_map_delete_elem,
  bpf_map_lookup_elem,
  bpf_map_lookup_percpu_elem,
  bpf_map_peek_elem,
  bpf_map_pop_elem,
  bpf_map_push_elem,
  bpf_map_update_elem,
} from './maps';

/** A helper by its number, for the interpreter; numbers the runtime does not have are the host's. */
export function callHelper(id: u32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  switch (id) {
    case 1:
      return bpf_map_lookup_elem(r1, r2, r3, r4, r5);
    case 2:
      return bpf_map_update_elem(r1, r2, r3, r4, r5);
    case 3:
      return bpf_map_delete_elem(r1, r2, r3, r4, r5);
    case 87:
      return bpf_map_push_elem(r1, r2, r3, r4, r5);
    case 88:
      return bpf_map_pop_elem(r1, r2, r3, r4, r5);
    case 89:
      return bpf_map_peek_elem(r1, r2, r3, r4, r5);
    case 195:
      return bpf_map_lookup_percpu_elem(r1, r2, r3, r4, r5);
    default:
      return hostHelper(id, r1, r2, r3, r4, r5);
  }
}

import type { KfuncTable } from '../types.ts';
import * as v from '../vocabulary.ts';

/** The verifier does not look at the texts: reading a bad address fails at run time. */
const one = { args: [v.ignored] };
const two = { args: [v.ignored, v.ignored] };
const find = { args: [v.ignored, v.scalar] };

export const TEXT: KfuncTable = {
  bpf_strcmp: two,
  bpf_strcasecmp: two,
  bpf_strchr: find,
  bpf_strchrnul: find,
  bpf_strrchr: find,
  bpf_strnchr: { args: [v.ignored, v.scalar, v.scalar] },
  bpf_strlen: one,
  bpf_strnlen: { args: [v.ignored, v.scalar] },
  bpf_strspn: two,
  bpf_strcspn: two,
  bpf_strstr: two,
  bpf_strnstr: { args: [v.ignored, v.ignored, v.scalar] },
  bpf_stream_vprintk_impl: {
    args: [v.scalar, v.string, v.memory, v.size, v.programAux],
    trust: 'trusted',
  },
};

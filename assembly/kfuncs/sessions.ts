import { RUN_OWN_COOKIE, RUN_SESSION_COOKIE, RUN_SESSION_IS_RETURN } from '../../src/abi/tracing';
import { run } from '../run/state';

// Programs that are run at a function's entry and at its return: kernel/trace/bpf_trace.c.

/** bpf_session_is_return(): whether the function has returned; what the host says of the run. */
export function bpf_session_is_return(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return load<u32>(run, RUN_SESSION_IS_RETURN);
}

/** bpf_session_cookie(): 8 bytes that entry and return share: the host's object, or the run's own. */
export function bpf_session_cookie(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const shared = load<u32>(run, RUN_SESSION_COOKIE);
  return shared ? shared : run + RUN_OWN_COOKIE;
}

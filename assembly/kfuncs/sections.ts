import { argument } from '../run/sandbox';

// Sections in which nothing may sleep, or interrupt: a run is never interrupted here. The verifier pairs them.

export function bpf_rcu_read_lock(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0;
}

export function bpf_rcu_read_unlock(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0;
}

export function bpf_preempt_disable(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0;
}

export function bpf_preempt_enable(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0;
}

/** bpf_local_irq_save(flags): the flags are 8 bytes of stack that only bpf_local_irq_restore reads. */
export function bpf_local_irq_save(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u64>(argument(r1, 8, 1), 0);
  return 0;
}

export function bpf_local_irq_restore(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  argument(r1, 8, 0);
  return 0;
}

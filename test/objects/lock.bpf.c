/* A map whose values have a spin lock. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct account {
  struct bpf_spin_lock lock;
  __u32 transfers;
  __u64 balance;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, struct account);
  __uint(max_entries, 4);
} accounts SEC(".maps");

SEC("xdp") int deposit(struct xdp_md *ctx) {
  __u32 key = 7;
  struct account *account = bpf_map_lookup_elem(&accounts, &key);
  if (!account) return XDP_DROP;
  bpf_spin_lock(&account->lock);
  account->transfers++;
  account->balance += 100;
  bpf_spin_unlock(&account->lock);
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";

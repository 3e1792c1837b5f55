/*
 * A pipeline of programs: the first finds the transport header and tail-calls the stage for it. Stages report
 * TCP connection attempts and DNS questions through a ring buffer, count in global variables, and log what is
 * odd. Passes everything.
 */
#include "packet.h"

enum stage { STAGE_TCP, STAGE_DNS, STAGE_ICMP, STAGES };

enum event_kind { CONNECTION_ATTEMPT = 1, CONNECTION_REFUSED, DNS_QUESTION };

#define NAME_SIZE 64
#define MAX_LABEL 63
#define DNS_PORT 53
#define ICMP_UNREACHABLE 3
#define ICMPV6_UNREACHABLE 1

struct address {
  __u16 version; /* 4 or 6 */
  __u16 port;
  __u8 bytes[16];
};

struct event {
  enum event_kind kind;
  __u32 length; /* of the packet */
  struct address source;
  struct address destination;
  char name[NAME_SIZE]; /* DNS_QUESTION only */
};

/* What the first program found out. Offsets count from the first byte of the packet. */
struct parsed {
  __u16 network;
  __u16 transport;
  __u8 version;
  __u8 protocol;
  __u16 pad;
};

/* What ICMP and ICMPv6 begin with. */
struct icmp_header {
  __u8 type;
  __u8 code;
  __be16 checksum;
};

struct totals {
  __u64 packets;
  __u64 connections;
  __u64 refused;
  __u64 questions;
  __u64 unreachable;
  __u64 lost_events;
  __u64 skipped;
};

struct destination {
  __u32 port;
  __u32 connections;
};

/* .rodata, .data and .bss */
const volatile __u32 survey_interval = 512;
__u32 next_survey = 512;
struct totals totals;
struct destination busiest;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* A tail call keeps nothing of the stack: what the next program needs to know goes through here. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, __u32);
  __type(value, struct parsed);
  __uint(max_entries, 1);
} scratch SEC(".maps");

/* Connection attempts by destination port. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, __u32);
  __uint(max_entries, 1024);
} ports SEC(".maps");

int tcp_stage(struct xdp_md *ctx);
int dns_stage(struct xdp_md *ctx);
int icmp_stage(struct xdp_md *ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, STAGES);
  __uint(key_size, sizeof(__u32));
  __array(values, int(void *));
} stages SEC(".maps") = {
  .values = {
    [STAGE_TCP] = (void *)&tcp_stage,
    [STAGE_DNS] = (void *)&dns_stage,
    [STAGE_ICMP] = (void *)&icmp_stage,
  },
};

/* A global function: the verifier checks it once, by its prototype. */
__noinline int stage_of(__u32 protocol, __u32 source, __u32 destination) {
  if (protocol == IPPROTO_TCP) return STAGE_TCP;
  if (protocol == IPPROTO_UDP) return source == DNS_PORT || destination == DNS_PORT ? STAGE_DNS : STAGES;
  return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6 ? STAGE_ICMP : STAGES;
}

/* Static functions: checked, and given their arguments, with their callers. */
static __noinline int parse(struct xdp_md *ctx, struct parsed *parsed) {
  void *start = (void *)(long)ctx->data;
  struct cursor cursor = {start, (void *)(long)ctx->data_end};
  __u16 type = take_ethernet(&cursor);
  parsed->network = cursor.at - start;
  if (type == ETH_P_IP) {
    struct iphdr *ip = take_ipv4(&cursor);
    if (!ip || is_later_fragment(ip)) return -1;
    parsed->version = 4;
    parsed->protocol = ip->protocol;
  } else if (type == ETH_P_IPV6) {
    __u8 protocol = 0;
    if (!take_ipv6(&cursor, &protocol)) return -1;
    parsed->version = 6;
    parsed->protocol = protocol;
  } else {
    return -1;
  }
  parsed->transport = cursor.at - start;
  return 0;
}

static __noinline void read_address(struct xdp_md *ctx, const struct parsed *parsed, bool source,
                                    struct address *address) {
  bool is_ipv6 = parsed->version == 6;
  __u32 offset = source ? (is_ipv6 ? 8 : 12) : (is_ipv6 ? 24 : 16);
  address->version = parsed->version;
  bpf_xdp_load_bytes(ctx, parsed->network + offset, address->bytes, is_ipv6 ? 16 : 4);
  __be16 port = 0;
  bpf_xdp_load_bytes(ctx, parsed->transport + (source ? 0 : 2), &port, sizeof(port));
  address->port = bpf_ntohs(port);
}

/* Not inlined: its prototype carries `struct event` into BTF, by which readers of the ring buffer decode. */
static __noinline void fill_event(struct xdp_md *ctx, struct event *event, enum event_kind kind,
                                  const struct parsed *parsed) {
  __builtin_memset(event, 0, sizeof(*event));
  event->kind = kind;
  event->length = ctx->data_end - ctx->data;
  read_address(ctx, parsed, true, &event->source);
  read_address(ctx, parsed, false, &event->destination);
}

static __always_inline struct event *begin_event(struct xdp_md *ctx, enum event_kind kind,
                                                 const struct parsed *parsed) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (event) fill_event(ctx, event, kind, parsed);
  else __sync_fetch_and_add(&totals.lost_events, 1);
  return event;
}

static __always_inline struct parsed *what_was_parsed(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&scratch, &zero);
}

/* Called for each element of `ports`. */
static long compare_port(void *map, __u32 *port, __u32 *connections, struct destination *best) {
  if (*connections > best->connections || (*connections == best->connections && *port < best->port)) {
    best->port = *port;
    best->connections = *connections;
  }
  return 0;
}

static __noinline void survey(void) {
  struct destination best = {};
  bpf_for_each_map_elem(&ports, compare_port, &best, 0);
  busiest = best;
  next_survey += survey_interval;
}

SEC("xdp")
int pipeline(struct xdp_md *ctx) {
  struct parsed *parsed = what_was_parsed();
  if (!parsed) return XDP_ABORTED;
  if (++totals.packets >= next_survey) survey();
  __builtin_memset(parsed, 0, sizeof(*parsed));
  if (parse(ctx, parsed) < 0) {
    totals.skipped++;
    return XDP_PASS;
  }
  __be16 of_ports[2] = {};
  bpf_xdp_load_bytes(ctx, parsed->transport, of_ports, sizeof(of_ports));
  bpf_tail_call(ctx, &stages, stage_of(parsed->protocol, bpf_ntohs(of_ports[0]), bpf_ntohs(of_ports[1])));
  totals.skipped++; /* no stage for this one */
  return XDP_PASS;
}

static __always_inline void count_port(__be16 port) {
  __u32 key = bpf_ntohs(port), one = 1;
  __u32 *connections = bpf_map_lookup_elem(&ports, &key);
  if (connections) __sync_fetch_and_add(connections, 1);
  else bpf_map_update_elem(&ports, &key, &one, BPF_NOEXIST);
}

SEC("xdp")
int tcp_stage(struct xdp_md *ctx) {
  struct parsed *parsed = what_was_parsed();
  struct tcphdr tcp;
  if (!parsed || bpf_xdp_load_bytes(ctx, parsed->transport, &tcp, sizeof(tcp)) < 0) return XDP_PASS;
  enum event_kind kind;
  if (tcp.syn && !tcp.ack) {
    kind = CONNECTION_ATTEMPT;
    __sync_fetch_and_add(&totals.connections, 1);
    count_port(tcp.dest);
  } else if (tcp.rst && tcp.seq == 0) {
    kind = CONNECTION_REFUSED;
    __sync_fetch_and_add(&totals.refused, 1);
  } else {
    return XDP_PASS;
  }
  struct event *event = begin_event(ctx, kind, parsed);
  if (event) bpf_ringbuf_submit(event, 0);
  return XDP_PASS;
}

/* Reads a name in a DNS message (RFC 1035, 3.1). In a map, where the verifier need not follow every value. */
struct name_reader {
  __u32 offset; /* of the next byte in the packet */
  __u32 label;  /* bytes left of this label */
  __u32 length; /* of the name so far */
  char name[NAME_SIZE];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, __u32);
  __type(value, struct name_reader);
  __uint(max_entries, 1);
} readers SEC(".maps");

struct reading {
  struct xdp_md *ctx;
  struct name_reader *reader;
};

/* One byte of the name; returns 1 at its end. */
static long read_name_byte(__u32 index, struct reading *reading) {
  struct name_reader *reader = reading->reader;
  __u8 byte = 0;
  if (bpf_xdp_load_bytes(reading->ctx, reader->offset & 0xffff, &byte, 1) < 0) return 1;
  reader->offset++;
  if (reader->label == 0) {
    if (byte == 0 || byte > MAX_LABEL) return 1;
    reader->label = byte;
    if (index == 0) return 0;
    byte = '.';
  } else {
    reader->label--;
  }
  __u32 length = reader->length;
  if (length >= NAME_SIZE - 1) return 1;
  reader->name[length] = byte;
  reader->length = length + 1;
  return 0;
}

static __always_inline struct name_reader *read_name(struct xdp_md *ctx, __u32 offset) {
  __u32 zero = 0;
  struct name_reader *reader = bpf_map_lookup_elem(&readers, &zero);
  if (!reader) return NULL;
  __builtin_memset(reader, 0, sizeof(*reader));
  reader->offset = offset;
  struct reading reading = {ctx, reader};
  bpf_loop(255, read_name_byte, &reading, 0);
  return reader;
}

SEC("xdp")
int dns_stage(struct xdp_md *ctx) {
  struct parsed *parsed = what_was_parsed();
  if (!parsed) return XDP_PASS;
  __u32 message = parsed->transport + sizeof(struct udphdr);
  __be16 header[6]; /* id, flags, questions, answers, authorities, additional */
  if (bpf_xdp_load_bytes(ctx, message, header, sizeof(header)) < 0) return XDP_PASS;
  bool is_response = header[1] & bpf_htons(0x8000);
  if (is_response || header[2] == 0) return XDP_PASS;
  __sync_fetch_and_add(&totals.questions, 1);
  struct name_reader *reader = read_name(ctx, message + sizeof(header));
  if (!reader) return XDP_PASS;
  struct event *event = begin_event(ctx, DNS_QUESTION, parsed);
  if (!event) return XDP_PASS;
  __builtin_memcpy(event->name, reader->name, NAME_SIZE);
  bpf_ringbuf_submit(event, 0);
  return XDP_PASS;
}

SEC("xdp")
int icmp_stage(struct xdp_md *ctx) {
  struct parsed *parsed = what_was_parsed();
  struct icmp_header icmp;
  if (!parsed || bpf_xdp_load_bytes(ctx, parsed->transport, &icmp, sizeof(icmp)) < 0) return XDP_PASS;
  __u8 unreachable = parsed->version == 6 ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE;
  if (icmp.type != unreachable) return XDP_PASS;
  __sync_fetch_and_add(&totals.unreachable, 1);
  bpf_printk("IPv%d: unreachable, code %d", parsed->version, icmp.code);
  return XDP_PASS;
}

/* The kernel lets only GPL-compatible programs call bpf_trace_printk. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

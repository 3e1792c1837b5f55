/* Timers and work in map values: what the functions give back, and callbacks that note when they ran. */
#include "record.h"

static long (*map_delete)(void *map, const void *key) = HELPER(3);
static long (*timer_init)(struct bpf_timer *timer, void *map, __u64 flags) = HELPER(169);
static long (*timer_set_callback)(struct bpf_timer *timer, void *callback) = HELPER(170);
static long (*timer_start)(struct bpf_timer *timer, __u64 nsecs, __u64 flags) = HELPER(171);
static long (*timer_cancel)(struct bpf_timer *timer) = HELPER(172);
static __u32 (*get_prandom_u32)(void) = HELPER(7);

struct element {
  __u32 number;
  struct bpf_timer timer;
  __u32 runs;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct element);
} array SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 100);
  __type(key, __u64);
  __type(value, struct element);
} hash SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct element);
} lru SEC(".maps");

static int nothing(void *map, __u32 *key, struct element *element) { return 0; }

SEC("tc") int codes(struct __sk_buff *skb) {
  __u32 key = 1;
  __u64 long_key = 7;
  struct element fresh = {}, *element = map_lookup(&array, &key);
  if (!element) return 1;
  record(timer_start(&element->timer, 1000000000, 0));
  record(timer_set_callback(&element->timer, nothing));
  record(timer_cancel(&element->timer));
  record(timer_init(&element->timer, &array, 2));
  record(timer_init(&element->timer, &array, 16));
  record(timer_init(&element->timer, &array, 1));
  record(timer_init(&element->timer, &array, 1));
  record(timer_init(&element->timer, &array, 3));
  record(timer_start(&element->timer, 1000000000, 0));
  record(timer_cancel(&element->timer));
  record(timer_set_callback(&element->timer, nothing));
  record(timer_start(&element->timer, 1000000000, 8));
  record(timer_start(&element->timer, 1000000000000, 0));
  record(timer_start(&element->timer, 1000000000000, 0));
  record(timer_cancel(&element->timer));
  record(timer_cancel(&element->timer));
  record(timer_start(&element->timer, 1000000000000, 0));
  record(timer_set_callback(&element->timer, nothing));
  record(timer_start(&element->timer, 1000000000000, 0));
  /* An array's element that is written anew has no timer. */
  record(map_update(&array, &key, &fresh, 0));
  record(timer_cancel(&element->timer));
  record(timer_init(&element->timer, &array, 7));
  record(map_update(&hash, &long_key, &fresh, 0));
  element = map_lookup(&hash, &long_key);
  if (!element) return 1;
  record(timer_init(&element->timer, &hash, 0));
  record(timer_set_callback(&element->timer, nothing));
  record(timer_start(&element->timer, 1000000000000, 2));
  record(map_delete(&hash, &long_key));
  record(map_update(&hash, &long_key, &fresh, 0));
  element = map_lookup(&hash, &long_key);
  if (!element) return 1;
  record(timer_cancel(&element->timer));
  record(timer_init(&element->timer, &hash, 0));
  record(map_update(&hash, &long_key, &fresh, 0));
  element = map_lookup(&hash, &long_key);
  if (!element) return 1;
  record(timer_cancel(&element->timer));
  record(map_delete(&hash, &long_key));
  return 0;
}

static int tick(void *map, __u32 *key, struct element *element) {
  record(ktime_get_ns());
  record(*key);
  record(get_prandom_u32());
  element->runs += 1;
  if (element->runs < 3) timer_start(&element->timer, 10, 0);
  else record(timer_cancel(&element->timer));
  return 0;
}

static int strike(void *map, __u64 *key, struct element *element) {
  record(ktime_get_ns());
  record(*key);
  record(element->number);
  map_delete(&hash, key);
  return 0;
}

static int evicted(void *map, __u32 *key, struct element *element) {
  record(*key);
  return 0;
}

static int again(void *map, __u32 *key, struct element *element) {
  record(ktime_get_ns());
  timer_start(&element->timer, 0, 0);
  return 0;
}

/* Data: the program starts timers as the first byte says. */
SEC("tc") int arm(struct __sk_buff *skb) {
  __u32 key = 2;
  struct element fresh = {.number = 5}, *element = map_lookup(&array, &key);
  if (!element) return 1;
  timer_init(&element->timer, &array, 1);
  timer_set_callback(&element->timer, tick);
  timer_start(&element->timer, 100, 0);
  for (__u64 i = 0; i < 20; i++) {
    __u64 number = (i * 7) % 20;
    map_update(&hash, &number, &fresh, 0);
    element = map_lookup(&hash, &number);
    if (!element) return 1;
    timer_init(&element->timer, &hash, 1);
    timer_set_callback(&element->timer, strike);
    timer_start(&element->timer, 1000 + number * 10, 1);
  }
  return 0;
}

SEC("tc") int arm_lru(struct __sk_buff *skb) {
  struct element fresh = {}, *element;
  for (int i = 0; i < 5; i++) {
    __u32 key = i;
    map_update(&lru, &key, &fresh, 0);
    element = map_lookup(&lru, &key);
    if (!element) return 1;
    timer_init(&element->timer, &lru, 1);
    timer_set_callback(&element->timer, evicted);
    timer_start(&element->timer, 50, 0);
  }
  return 0;
}

SEC("tc") int forever(struct __sk_buff *skb) {
  __u32 key = 3;
  struct element *element = map_lookup(&array, &key);
  if (!element) return 1;
  timer_init(&element->timer, &array, 1);
  timer_set_callback(&element->timer, again);
  timer_start(&element->timer, 0, 0);
  return 0;
}

LICENSE;

/**
 * The layout of linear memory: the contract between TypeScript (src/) and AssemblyScript (assembly/), compiled
 * by both. Plain constants only. All offsets and sizes are bytes; all pointers are u32 addresses.
 *
 *   0 ............ never mapped for programs: address 0 is NULL
 *   64 ........... constants of the compiled runtime
 *   HEADER ....... one header from which everything else is reached
 *   HEAP_START ... run states, programs, maps, packets (assembly/memory)
 */

export const ABI_VERSION = 5;
export const ABI_MAGIC = 0x66706277; // 'wbpf'
export const WASM_PAGE = 65536;
/**
 * Beyond the reach of an instruction's 16-bit offset: a pointer below its memory that an offset brings back into it is
 * no negative number, so that WebAssembly may add the offset without wrapping.
 */
export const HEAP_START = 32_768;
/** Bytes before and behind every object in which addresses are numbers of 32 bits. */
export const NEAR_BEFORE = HEAP_START;
export const NEAR_BEHIND = 16_777_216;

// ---- header -----------------------------------------------------------------------------------------------

export const HEADER = 8192;
export const HEADER_SIZE = 1024;
export const HDR_MAGIC = 0; // u32
export const HDR_VERSION = 4; // u32
/** u32: number of CPUs that per-CPU maps have values for. */
export const HDR_NCPU = 8;
/** u32: address of NCPU consecutive run states, RUN_SIZE bytes each. */
export const HDR_RUNS = 12;
/** u32: the internal ring that trace_printk writes to (a map of type ringbuf). */
export const HDR_PRINTK = 16;
/** u32: 0 real clock, 1 virtual clock (HDR_CLOCK_NS is the time). */
export const HDR_CLOCK_VIRTUAL = 20;
/** u64: virtual time in ns, for every clock helper. */
export const HDR_CLOCK_NS = 24;
/** u64: what bpf_get_current_pid_tgid returns. */
export const HDR_PID_TGID = 32;
/** u64: what bpf_get_current_uid_gid returns. */
export const HDR_UID_GID = 40;
/** 16 bytes, NUL-terminated: what bpf_get_current_comm copies. */
export const HDR_COMM = 48;
/** u64: seed of every hash map made from now on (0 with BPF_F_ZERO_SEED). */
export const HDR_HASH_SEED = 512;
/** Timers and work of programs, shared by all threads; see assembly/timers. */
export const HDR_LATER_LOCK = 520; // u32
export const HDR_LATER_ENTRIES = 524; // u32: address
export const HDR_LATER_HEAP = 528; // u32: address
export const HDR_LATER_CAPACITY = 532; // u32: entries there is room for
export const HDR_LATER_USED = 536; // u32: entries that are, or were, in use
export const HDR_LATER_FREE = 540; // u32: number of a free one
/** u32: how many are armed. */
export const HDR_LATER_COUNT = 544;
/** u64: how often one was armed. */
export const HDR_LATER_SEQUENCE = 552;
/** Objects of the host: sorted array of their structures' addresses, how many there are and fit, lock, last id. */
export const HDR_OBJECTS = 584; // u32
export const HDR_OBJECTS_COUNT = 588; // u32
export const HDR_OBJECTS_CAPACITY = 592; // u32
export const HDR_OBJECTS_LOCK = 596; // u32
export const HDR_OBJECTS_ID = 600; // u32
/** Lock of what local storage maps hold for them. */
export const HDR_STORAGE_LOCK = 608; // u32
/** PID namespace of the current task: device and inode of its file, u64 each. */
export const HDR_PID_NS_DEV = 616;
export const HDR_PID_NS_INO = 624;
/** From here on, up to HDR_HASH_SEED, the header belongs to assembly/memory. */
export const HDR_ALLOCATOR = 64;

// ---- run state: one per CPU (worker) ----------------------------------------------------------------------

/** Kind of the trap that ended the last run (TRAP_*), 0 when it ended normally. */
export const RUN_TRAP = 0; // u32
/** Slot of the instruction that trapped. */
export const RUN_TRAP_PC = 4; // u32
/** Address (memory traps) or value (other traps) that was refused. */
export const RUN_TRAP_VALUE = 8; // u64
/** Current program descriptor (changes with a tail call). */
export const RUN_PROG = 16; // u32
/** 1: memory accesses and helper arguments are checked, and RUN_FUEL is spent. */
export const RUN_SANDBOX = 20; // u32
/**
 * Instructions left. Spent at backward jumps and calls, see RATIONALE "Why is the budget …", and by helpers whose work
 * grows with their arguments; below zero when they owe (assembly/run/budget.ts).
 */
export const RUN_FUEL = 24; // i64
/** Tail calls made in this run. */
export const RUN_TAIL_CALLS = 32; // u32
/** r10 of the frame that is calling a helper; written before every helper that may call back. */
export const RUN_FRAME = 36; // u32
/** Lowest address of the stack, and the r10 of the main program. */
export const RUN_STACK = 40; // u32
export const RUN_STACK_TOP = 44; // u32
/** The context struct, [RUN_CTX, RUN_CTX_END). Empty for raw memory. */
export const RUN_CTX = 48; // u32
export const RUN_CTX_END = 52; // u32
/** hardStart <= meta <= data <= end <= hardEnd. Programs may touch [meta, end). */
export const RUN_PKT_HARD_START = 56; // u32
export const RUN_PKT_META = 60; // u32
export const RUN_PKT_DATA = 64; // u32
export const RUN_PKT_END = 68; // u32
export const RUN_PKT_HARD_END = 72; // u32
export const RUN_CPU = 76; // u32
/** What bpf_redirect / bpf_redirect_map asked for: ifindex or map key, map address (0: none), flags. */
export const RUN_REDIRECT_INDEX = 80; // u32
export const RUN_REDIRECT_MAP = 84; // u32
export const RUN_REDIRECT_FLAGS = 88; // u64
/** State of get_prandom_u32 (xorshift64*), never 0. */
export const RUN_RANDOM = 96; // u64
/** Instructions executed by the interpreter since the counter was last cleared. */
export const RUN_INSNS = 104; // u64
/** Index of the batch record in work, so that a trap can be assigned. */
export const RUN_BATCH_INDEX = 112; // u32
/** Slot of the instruction that is calling a helper (written in sandbox mode). */
export const RUN_PC = 116; // u32
/** Budget that begin() gives each run. */
export const RUN_BUDGET = 120; // i64
/** Registers of the interpreter's current frame while it is paused: r0..r10. */
export const RUN_REGS = 128; // 11 * u64
/** Where the paused interpreter stands: slot, call depth. */
export const RUN_STEP_PC = 216; // u32
export const RUN_STEP_DEPTH = 220; // u32
/** The batch record of the run in progress, where a trap notes what became of its packet; 0: nowhere. */
export const RUN_RECORD = 224; // u32
/** 1 while the interpreter carries the current program, 0 while translated code does. */
export const RUN_INTERPRETED = 228; // u32
/** Private to assembly/interp. */
export const RUN_INTERP = 232; // 88 bytes
/** Private to assembly/helpers and assembly/maps. */
export const RUN_HELPERS = 320; // 64 bytes
/** Template of struct __sk_buff: begin() copies it into the context, then fills len, data, data_end, data_meta. */
export const RUN_SKB_TEMPLATE = 384; // 192 bytes
/** The context struct lives here. */
export const RUN_CTX_AREA = 576; // 192 bytes
/** xdp_md fields the host sets: ingress_ifindex, rx_queue_index, egress_ifindex (u32 each). */
export const RUN_XDP_TEMPLATE = 768; // 12 bytes
/** Reserved ring buffer records, private to assembly/rings. */
export const RUN_RECORDS = 784; // 4 + 32 * 4 bytes
/**
 * u32, set by the host: bytes of Ethernet header that stand in front of the packet but are no longer part of it, as
 * socket and cgroup programs find it once the kernel has pulled the header.
 */
export const RUN_LINK_HEADER = 780;
/** u32: descriptor of the program that was given the stack in the last run; private to assembly/run. */
export const RUN_STACK_OWNER = 916;
/** u32: 1 while an engine works with this run state, in shared memory. */
export const RUN_CLAIMED = 920;
/** Saved frames of the interpreter. */
export const RUN_INTERP_FRAMES = 1024; // 3072 bytes
export const RUN_STACK_AREA = 4096;
export const FRAME_SIZE = 512;
export const MAX_FRAMES = 8;
/** What belongs to the environment of a run, beyond its packet and context. */
export const RUN_ENVIRONMENT = 8192; // 4096 bytes
/** u32: first block of memory that the run has taken and must give back, 0 for none; see assembly/run/owned.ts. */
export const RUN_OWNED = 9728;
/** u32: the CPU that bpf_cpumask_any_distribute gave last. */
export const RUN_CPU_BEFORE = 9732;
/** 8 bytes: what accesses to pages of an arena that are not there go to. */
export const RUN_ARENA_CELL = 9736;
/** Flag of an access's size: it must be aligned. */
export const ARENA_ALIGNED = 16;
/**
 * u32: in shared memory, the number of the batch that this CPU is in, 0 outside of batches. With RUN_BATCH_INDEX it says
 * whether a run still goes on; see assembly/maps/grace.ts.
 */
export const RUN_BATCH = 11256;
/** u32: 1 while the CPU waits for the runs of others to end. */
export const RUN_WAITS = 11260;
/** Memory that the event of the run has brought: address and length of a sorted array of REGION_*. */
export const RUN_EVENT_REGIONS = 9216; // u32
export const RUN_EVENT_NREGIONS = 9220; // u32
/** The call stacks of the run's event: address of u64 return addresses, innermost first, and how many, of the kernel ... */
export const RUN_KERNEL_STACK = 9224; // u32
export const RUN_KERNEL_FRAMES = 9228; // u32
/** ... and of the user. */
export const RUN_USER_STACK = 9232; // u32
export const RUN_USER_FRAMES = 9236; // u32
/** u32: the user ring buffer that the run takes samples out of, 0 for none; 16 bytes: the dynptr of its sample. */
export const RUN_USER_RING = 9240;
export const RUN_SAMPLE = 9248;
export const RUN_SIZE = 12_288;

// ---- host objects -----------------------------------------------------------------------------------------

/**
 * What programs hold pointers of the kernel's types to (a task, a cgroup, a socket): a header, and behind it the
 * structure whose address programs are given. Offsets from the header's start.
 */
export const OBJ_MAGIC = 0; // u32
/** OBJ_TASK, OBJ_CGROUP, … */
export const OBJ_KIND = 4; // u32
/** The host's number of this object, never 0. */
export const OBJ_ID = 8; // u32
/** References that programs and maps hold, the host's own included; the memory goes with the last. */
export const OBJ_REFS = 12; // u32
/** Bytes of the structure. */
export const OBJ_SIZE = 16; // u32
/** Structure of the object this one belongs to (a cgroup's parent, a task's cgroup); 0: none. */
export const OBJ_PARENT = 20; // u32
/** u64: cookie of a socket, id of a cgroup, pid of a task. */
export const OBJ_COOKIE = 24;
/** First of the values that local storage maps hold for the object; 0: none. See assembly/storage/elements.ts. */
export const OBJ_STORAGE = 32; // u32
/** Bytes from one CPU's structure to the next one's; 0 where all CPUs have one. */
export const OBJ_CPU_STRIDE = 36; // u32
export const OBJ_HEADER = 64;
export const OBJ_MAGIC_VALUE = 0x6f626a6b; // 'kjbo'
export const OBJ_TASK = 1;
export const OBJ_CGROUP = 2;
export const OBJ_SOCK = 3;
export const OBJ_INODE = 4;
/** Of any other type of the host's types. */
export const OBJ_OTHER = 5;
/** struct seq_file, and behind it the text. */
export const OBJ_SEQ = 6;

/** Members of struct seq_file. u64 each: address of the text, its room, unused here, and bytes written. */
export const SEQ_BUF = 0;
export const SEQ_SIZE = 8;
export const SEQ_COUNT = 24;
export const SEQ_HEADER = 32;

// ---- program descriptor -----------------------------------------------------------------------------------

/** Predecoded instructions of the interpreter (INSN_SIZE each); 0 when not prepared for it. */
export const PROG_CODE = 0; // u32
/** Slots of the whole program. */
export const PROG_SLOTS = 4; // u32
/** Memory of maps the program may touch: sorted array of REGION_*. */
export const PROG_REGIONS = 8; // u32
export const PROG_NREGIONS = 12; // u32
/** Maps the program may pass to helpers: sorted array of u32 map addresses. */
export const PROG_MAPS = 16; // u32
export const PROG_NMAPS = 20; // u32
/** Functions whose address the program may take: array of FUNC_*. */
export const PROG_FUNCS = 24; // u32
export const PROG_NFUNCS = 28; // u32
/** Index of the JIT's entry function in the runtime's table; 0 when not translated. */
export const PROG_TABLE_INDEX = 32; // u32
/** Slots of the main program alone: what a tail call into it costs of the budget. */
export const PROG_MAIN_SLOTS = 36; // u32
/** CTX_* */
export const PROG_CTX_KIND = 40; // u32
/** 1: sandboxed, 0: trusted. */
export const PROG_SANDBOX = 44; // u32
/** Deepest chain of frames the structural checks found (1..8); begin() zeroes that much stack when sandboxed. */
export const PROG_FRAMES = 48; // u32
/** The host's number of this program, which a host-side lookup in a prog_array returns. */
export const PROG_ID = 52; // u32
/** u32: 1 when programs of its type may not write to the packet, so that dynptrs of it are read-only. */
export const PROG_PACKET_READ_ONLY = 56;
/** enum bpf_prog_type. */
export const PROG_TYPE = 60; // u32
/** The arena that it uses; 0: none. */
export const PROG_ARENA = 64; // u32
export const PROG_SIZE = 72;

export const REGION_START = 0; // u32
export const REGION_END = 4; // u32
/** What the program may do there: REGION_READ, REGION_WRITE or both. */
export const REGION_ACCESS = 8; // u32
export const REGION_READ = 1;
export const REGION_WRITE = 2;
export const REGION_SIZE = 12;

/** The value of a function address (lddw pseudo 4) is the address of one of these. */
export const FUNC_PROG = 0; // u32
export const FUNC_PC = 4; // u32: slot
export const FUNC_TABLE_INDEX = 8; // u32: 0 when not translated
export const FUNC_SLOTS = 12; // u32: length
export const FUNC_SIZE = 16;

export const CTX_MEMORY = 0; // r1 = buffer, r2 = length
export const CTX_XDP = 1; // r1 = struct xdp_md
export const CTX_SKB = 2; // r1 = struct __sk_buff

// ---- batch record: one event ------------------------------------------------------------------------------

/** In: address of the first byte. Out: after adjust_head. */
export const REC_DATA = 0; // u32
export const REC_LEN = 4; // u32, in and out
/** In: the room that adjust_head, adjust_meta and adjust_tail may use. */
export const REC_HARD_START = 8; // u32
export const REC_HARD_END = 12; // u32
/** Out: data_meta. */
export const REC_META = 16; // u32
/** Out: TRAP_* (0: ran to its end). */
export const REC_TRAP = 20; // u32
/** Out: r0. */
export const REC_RESULT = 24; // u64
export const REC_SIZE = 32;

// ---- xdp_md and __sk_buff (uapi), the fields the runtime itself reads or writes --------------------------

export const XDP_MD_DATA = 0;
export const XDP_MD_DATA_END = 4;
export const XDP_MD_DATA_META = 8;
export const XDP_MD_INGRESS_IFINDEX = 12;
export const XDP_MD_RX_QUEUE_INDEX = 16;
export const XDP_MD_EGRESS_IFINDEX = 20;
export const XDP_MD_SIZE = 24;

export const SKB_LEN = 0;
export const SKB_PKT_TYPE = 4;
export const SKB_MARK = 8;
export const SKB_QUEUE_MAPPING = 12;
export const SKB_PROTOCOL = 16;
export const SKB_VLAN_PRESENT = 20;
export const SKB_VLAN_TCI = 24;
export const SKB_VLAN_PROTO = 28;
export const SKB_PRIORITY = 32;
export const SKB_INGRESS_IFINDEX = 36;
export const SKB_IFINDEX = 40;
export const SKB_TC_INDEX = 44;
export const SKB_CB = 48; // u32[5]
export const SKB_HASH = 68;
export const SKB_TC_CLASSID = 72;
export const SKB_DATA = 76;
export const SKB_DATA_END = 80;
export const SKB_NAPI_ID = 84;
export const SKB_FAMILY = 88;
export const SKB_DATA_META = 140;
export const SKB_FLOW_KEYS = 144;
export const SKB_TSTAMP = 152;
export const SKB_WIRE_LEN = 160;
export const SKB_GSO_SEGS = 164;
export const SKB_SK = 168;
export const SKB_GSO_SIZE = 176;
export const SKB_TSTAMP_TYPE = 180; // u8
export const SKB_HWTSTAMP = 184; // u64
export const SKB_SIZE = 192;

// ---- kernel functions ---------------------------------------------------------------------------------------

/** Numbers of kernel functions (kfuncs): their place in the list of src/isa/kfuncs.ts, from here on. */
export const KFUNC_BASE = 0x4000_0000;
/** Those of the host's own, which it knows by their numbers. */
export const KFUNC_HOST = 0x5000_0000;

// ---- map descriptor: the fields that others than assembly/maps may read ----------------------------------

export const MAP_MAGIC = 0; // u32
export const MAP_TYPE = 4; // u32
export const MAP_KEY_SIZE = 8; // u32
export const MAP_VALUE_SIZE = 12; // u32
export const MAP_MAX_ENTRIES = 16; // u32
export const MAP_FLAGS = 20; // u32
/** All values of the map, one slab: [MAP_VALUES, MAP_VALUES_END). For ring buffers the data area. */
export const MAP_VALUES = 24; // u32
export const MAP_VALUES_END = 28; // u32
/** value size rounded up to 8. */
export const MAP_VALUE_STRIDE = 32; // u32
/** Distance between the values of two CPUs of the same element; 0 unless per-CPU. */
export const MAP_CPU_STRIDE = 36; // u32
/** Elements present. */
export const MAP_COUNT = 40; // u32
/** The host's number of this map. */
export const MAP_ID = 44; // u32
/** Offset of struct bpf_spin_lock in the value plus 1; 0 when it has none. The host sets it from BTF. */
export const MAP_SPIN_LOCK = 48; // u32
/** Address of LATER_KINDS u32, set by the host from BTF: offset of each kind of field plus 1, 0 for none; 0: no such map. */
export const MAP_LATER = 52; // u32
export const LATER_TIMER = 0;
export const LATER_WORK = 1;
export const LATER_KINDS = 2;
/** u32: 1 once the map is frozen: the host writes no more, programs still do. */
export const MAP_FROZEN = 56;
/** From here on private to assembly/maps, but for what src/abi/hash.ts names. */
export const MAP_PRIVATE = 64;
/** u32: sequence lock of the map's structure. */
export const MAP_LOCK = MAP_PRIVATE;
export const MAP_SIZE = 256;
export const MAP_MAGIC_VALUE = 0x70616d77; // 'wmap'

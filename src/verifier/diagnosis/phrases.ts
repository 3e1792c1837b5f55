/** Refusals that are explained by their words alone: what is wrong, and what would be right. */
import { calleeName } from './calls.ts';
import type { Explainers, Scene } from './scene.ts';

type Row = readonly [pattern: RegExp, summary: string, hint: string];

/** `$0` is the called function, `$1` and on are the pattern's groups. */
const ROWS: readonly Row[] = [
  // ---- numbers
  [
    /^div by zero/,
    'divides by the constant 0',
    'divide by another number: constants are checked before the program runs',
  ],
  [/^invalid shift (-?\d+)/, 'shifts by $1 bits', 'shift by 0 to 63 bits (31 for 32-bit numbers)'],
  [
    /^BPF_ATOMIC (?:stores into|loads from) R\d+ (\S+) is not allowed/,
    'makes an atomic access through a pointer of type $1, which does not allow it',
    'atomic operations work on the stack and on map values: use a plain load and store here',
  ],
  [
    /^addr_space_cast insn can only be used in a program that has/,
    'follows a pointer into an arena, and names no arena',
    'name the map in the program: `asm volatile("" :: "r"(&arena))`',
  ],
  [/^Only one arena per program/, 'has two arenas', 'let one arena hold what both do'],
  // ---- old packet loads
  [
    /^BPF_LD_\[ABS\|IND\] instructions not allowed/,
    'loads from the packet with an instruction that only socket filters and tc programs have',
    'read through `data` and `data_end` of the context',
  ],
  [
    /^at the time of BPF_LD_ABS\|IND R6/,
    'loads from the packet without the context in r6',
    'put the context into r6 first: these instructions take it from there',
  ],
  // ---- functions and callbacks
  [
    /^callback function not static/,
    'takes the address of a global function as a callback',
    'declare the callback `static`',
  ],
  [
    /^callback function not allowed for map/,
    'walks over a map of a type whose elements cannot be visited',
    'use a hash or array map with bpf_for_each_map_elem()',
  ],
  [
    /^tail calls are not allowed in callbacks/,
    'makes a tail call inside of a callback, which the helper would never get back from',
    'note in the callback what is to be called, and make the tail call after the helper returns',
  ],
  [
    /^expected prog array map for tail call/,
    'makes a tail call through a map that holds no programs',
    'declare the map with type BPF_MAP_TYPE_PROG_ARRAY',
  ],
  [
    /^tail_calls are not allowed in non-JITed/,
    'makes a tail call in a function without BTF',
    'compile with -g',
  ],
  [
    /^Global function (\w+)\(\) doesn't return scalar/,
    'belongs to global function $1(), which does not return a number',
    'declare the function `static`, or let it return an integer',
  ],
  [
    /^Global function (\w+)\(\) with (\d+) > 5 args/,
    'belongs to global function $1(), which has $2 arguments',
    'take 5 arguments at most: pass a structure by its address',
  ],
  [
    /^Arg#(\d+) type (\w+) in (\w+)\(\) is not supported/,
    'belongs to global function $3(), whose argument $1 is a $2',
    'declare the function `static`, or pass integers and pointers',
  ],
  [
    /^arg#(\d+) reference type\('(.*)'\) size cannot be determined/,
    'belongs to a global function whose argument $1 points to a type of unknown size ($2)',
    'let the argument point to a complete type, or declare the function `static`',
  ],
  [
    /^arg#(\d+) expects pointer to ctx/,
    'passes something else than the context to $0()',
    'pass the context as the program was given it',
  ],
  [
    /^R(\d+) is not a scalar/,
    'passes an address as argument $1 of $0(), which takes a number',
    'pass a number',
  ],
  [
    /^R(\d+) must have zero offset when passed to release/,
    'passes a pointer that was moved to $0() as argument $1',
    'pass the pointer as it was handed out, with nothing added to it',
  ],
  [
    /^unexpected __bpf_trap\(\)/,
    'is reached with a variable that has no value, where the compiler put a trap',
    'give the variable a value on every path (compile with -Wall -Wuninitialized)',
  ],
  [
    /^bpf_throw kfunc .* cannot be called from callback/,
    'throws an exception inside of a callback',
    'return 1 from the callback to stop, and throw after the helper returns',
  ],
  [
    /^uninit stack in range of var-offset write/,
    'writes somewhere in an array on the stack that was not initialised, which only privileged programs may',
    'initialise the array first: `= {}`',
  ],
  [
    /^spilled ptr in range of var-offset stack write/,
    'writes somewhere on the stack where a pointer may lie',
    'keep the index within the array',
  ],
  [
    /^R\d+ variable stack access prohibited for !root/,
    'computes an address on the stack that varies, which only privileged programs may',
    'use constant indexes, or keep the array in a map',
  ],
  [
    /^R\d+ (?:stack pointer arithmetic|pointer arithmetic of map value) goes out of range/,
    'moves a pointer out of what it points into, which only privileged programs may',
    'compare the number before it is added',
  ],
  // ---- dynptrs
  [
    /^Expected an initialized dynptr as arg #(\d+)/,
    'passes to $0() what is no dynptr (any more)',
    'make it first (bpf_dynptr_from_mem(), bpf_ringbuf_reserve_dynptr(), …), and leave it alone until it is released',
  ],
  [
    /^Expected a dynptr of type (\w+) as arg/,
    'passes a dynptr of another kind than $1 to $0()',
    'pass a dynptr of that kind',
  ],
  [
    /^Dynptr has to be an uninitialized dynptr/,
    'makes a dynptr where one is held already',
    'release the first one before, or use a second struct bpf_dynptr',
  ],
  [
    /^Unsupported reg type (\w+) for bpf_dynptr_from_mem/,
    'makes a dynptr of memory that is no map value',
    'pass the address of a map value: of a global variable, say',
  ],
  [
    /^cannot pass in (\w+) at an offset=(-?\d+)/,
    'passes an address at r10$2, where no $1 can be',
    'pass the address of a variable on the stack of that type: it is aligned to 8 bytes',
  ],
  [
    /^(\w+) has to be at a constant offset/,
    'passes the address of a $1 at an offset that varies',
    'pass the address of one variable on the stack',
  ],
  [
    /^arg#(\d+) expected pointer to (?:stack|an iterator|an irq)/,
    'passes something else than the address of a variable on the stack to $0()',
    'pass the address of a variable on the stack',
  ],
  [
    /^potential write to dynptr at off=(-?\d+)/,
    'lets $0() write over a dynptr on the stack',
    'give the call a buffer of its own',
  ],
  [
    /^cannot overwrite referenced dynptr/,
    'writes over a dynptr that holds a record of a ring buffer',
    'submit or discard it first: bpf_ringbuf_submit_dynptr(&ptr, 0)',
  ],
  [
    /^cannot release unowned const bpf_dynptr/,
    'releases a dynptr that belongs to the caller',
    'leave it alone: the kernel releases it after the callback',
  ],
  [
    /^arg (\d+) is an unacquired reference/,
    'passes to $0() a dynptr that holds nothing to release',
    'release only what bpf_ringbuf_reserve_dynptr() made, and only once',
  ],
  // ---- iterators, interrupt flags
  [
    /^expected an initialized iter_(\w+) as arg/,
    'uses a struct bpf_iter_$1 that is not begun, or over',
    'begin with bpf_iter_$1_new(), end with bpf_iter_$1_destroy(), and leave the variable alone between',
  ],
  [
    /^expected uninitialized iter_(\w+) as arg/,
    'begins an iteration in a struct bpf_iter_$1 that is in use',
    'end the first with bpf_iter_$1_destroy(), or use a second variable',
  ],
  [
    /^expected an initialized irq flag/,
    'restores interrupt flags that were not saved there',
    'call bpf_local_irq_save(&flags) before, on every path',
  ],
  [
    /^expected uninitialized irq flag/,
    'saves interrupt flags where some are saved already',
    'restore the first ones before, or use a second variable',
  ],
  [
    /^cannot restore irq state out of order/,
    'restores interrupt flags in another order than they were saved',
    'restore the flags that were saved last first',
  ],
  [
    /^R?\w*arg#(\d+) doesn't point to an irq flag/,
    'passes something else than saved interrupt flags',
    'pass the address of an `unsigned long` on the stack',
  ],
  // ---- kernel structures
  [
    /^arg#(\d+) pointer type STRUCT (\w+) must point to/,
    'passes to $0() something else than a pointer to struct $2',
    'pass a pointer to struct $2 that the kernel has given the program',
  ],
  [
    /^kernel function (\w+) args#(\d+) expected pointer to STRUCT (\w+) but R\d+ has a pointer to STRUCT (\w+)/,
    'passes a pointer to struct $4 to $1(), which takes struct $3',
    'pass a pointer to struct $3',
  ],
  [
    /^R(\d+) must be referenced or trusted/,
    'passes to $0() a pointer that may not be valid any more',
    'acquire a reference to the object first',
  ],
  [
    /^R(\d+) must be a rcu pointer/,
    'passes to $0() a pointer that no RCU section protects',
    'call bpf_rcu_read_lock() before the pointer is read',
  ],
  [
    /^release kernel function (\w+) expects refcounted/,
    'passes to $1() an object that the program holds no reference to',
    'release only what was acquired, and only once',
  ],
  [
    /^kfunc (\w+)#\d+ reference has not been acquired/,
    'passes to $1() an object that was given back already',
    'release it once on every path',
  ],
  [
    /^arg#(\d+) expected pointer to ctx, but got (\S+)/,
    'passes a pointer of type $2 to $0(), which takes the context',
    'pass the context as the program was given it',
  ],
  [
    /^pointer in R(\d+) isn't map pointer/,
    'passes something else than a map to $0()',
    'name the map itself: `&map`',
  ],
  [
    /^kernel func (\w+) requires RCU/,
    'calls $1() outside of an RCU section',
    'put bpf_rcu_read_lock() and bpf_rcu_read_unlock() around it',
  ],
  [
    /^only read is supported through (\S+)/,
    'writes to a structure of the kernel ($1)',
    'the kernel changes its own structures: use the helper or kernel function for it',
  ],
  // ---- texts
  [
    /^R(\d+) is not a const string/,
    'passes as argument $1 of $0() something else than a constant text',
    'declare the text `static const char text[] = "…";`',
  ],
  [
    /^R(\d+) does not point to a readonly map/,
    'passes as argument $1 of $0() a text that may change',
    'declare the text `static const char text[] = "…";`',
  ],
  [
    /^R(\d+) is not a constant address/,
    'passes as argument $1 of $0() an address that varies',
    'pass one constant text: choose between calls in place of between texts',
  ],
  [
    /^string is not zero-terminated/,
    'passes a text to $0() that has no end',
    'end the text with a zero byte: `char text[] = "…"` does',
  ],
  [/^Invalid format string/, 'passes a format to $0() that does not go with its arguments', ''],
  // ---- maps of programs
  [
    /^socket filter progs cannot use (\w+)/,
    'uses a map with a struct $1, which socket filters may not',
    'use atomic operations in place of the lock (`__sync_fetch_and_add()`)',
  ],
  [
    /^tracing progs cannot use (\w+)/,
    'uses a map with a struct $1, which tracing programs may not',
    'use a map without it, and atomic operations in place of locks (`__sync_fetch_and_add()`)',
  ],
  [
    /^Sleepable programs can only use/,
    'uses a map of a type that sleepable programs may not',
    'use an array, hash or ring buffer map, or load the program as one that does not sleep',
  ],
  [
    /^timer pointer in R1/,
    'starts a timer of one map with another map',
    'pass the map whose value holds the timer',
  ],
  [
    /^get_local_storage\(\) doesn't support non-zero flags/,
    'calls bpf_get_local_storage() with flags',
    'pass 0',
  ],
  [
    /^tail_call abusing map_ptr/,
    'makes a tail call through one of several arrays, by the way that led there',
    'call bpf_tail_call() once for each array',
  ],
  [
    /^the prog does not allow writes to packet data/,
    'asks for a slice to write to, in a program of a type that may not write to packets',
    'call bpf_dynptr_slice() instead',
  ],
  [
    /^expected an RCU CS when using (\w+)/,
    'calls $1() with an iterator whose RCU section was left since it began',
    'destroy it before bpf_rcu_read_unlock()',
  ],
  [
    /^loading\/calling other bpf or kernel functions/,
    'belongs to a program that calls functions of the kernel, without CAP_BPF',
    'load it with CAP_BPF',
  ],
  [
    /^(LD_ABS|tail_call) is only allowed in functions that return 'int'/,
    'may end its function before it returns anything ($1)',
    'let the function return int',
  ],
  [
    /^R\d is of type (\w+) but (\w+) is expected/,
    'passes a pointer to struct $1 to $0(), which takes one to struct $2',
    'pass a pointer to struct $2',
  ],
  [/^too many subprograms/, 'belongs to a program of too many functions', ''],
];

const fill = (text: string, scene: Scene, match: RegExpExecArray): string =>
  text.replace(/\$(\d)/g, (_, group: string) =>
    group === '0' ? calleeName(scene, scene.slot) : (match[Number(group)] ?? ''),
  );

export const PHRASES: Explainers = ROWS.map(([pattern, summary, hint]) => [
  pattern,
  (scene, match) => ({
    summary: `${scene.where} ${fill(summary, scene, match)}`,
    hint: hint === '' ? undefined : fill(hint, scene, match),
  }),
]);

/** What webpf does not understand: nothing is said against the program. */
import type { Explainers } from './scene.ts';

const KERNEL_TYPES = 'webpf has no BTF of a kernel: load the program on Linux, where its types are known';

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/needs? the types of the kernel|described by the kernel's BTF|kernel's types/, KERNEL_TYPES],
  [/kernel's own structure of a map/, 'read the map through helpers: webpf lays maps out otherwise'],
  [/arena/, 'make a number of the pointer first: `(u64)pointer`, in a variable of its own'],
  [
    /is tagged|is a dynptr$/,
    'declare the function `static`, so that it is walked with the arguments it gets',
  ],
  [/kptr|pointers to objects of the kernel/, 'keep numbers in maps: webpf has no objects of the kernel'],
  [/callx/, 'call the function by its name'],
  [
    /^kernel function .* is not (supported|known)|bpf_res_spin_lock/,
    'do without this kernel function: webpf does not have it',
  ],
  [/without CAP_BPF/, 'verify with the rights of CAP_BPF (unprivileged: false)'],
  [
    /memory for its states/,
    'split the program: move code into global functions, or give loops smaller bounds',
  ],
  [/bpf_find_vma/, KERNEL_TYPES],
  [/gotox/, 'compile without jump tables (-fno-jump-tables)'],
  [/lddw with pseudo source/, 'refer to maps by their index (pseudo sources 5 and 6)'],
];

export const UNSUPPORTED: Explainers = HINTS.map(([pattern, hint]) => [
  pattern,
  (scene) => {
    if (scene.refusal.verdict !== 'unsupported') return undefined;
    return { summary: `${scene.where} needs what webpf does not have: ${scene.reason}`, hint };
  },
]);

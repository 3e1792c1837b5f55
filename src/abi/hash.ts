/**
 * Tables of hash maps, as the runtime keeps them and as translated code walks them: what changes here needs another
 * ABI_VERSION. Compiled by TypeScript and by AssemblyScript. Offsets and sizes in bytes.
 *
 * A table is one block of memory, at HASH_TABLE of the map's descriptor: secrets (u64 each), buckets (u32 each: the
 * first of a chain), entries (for slot 0, 1, …). Links are slot + 1, and 0 at the end of a chain. An element's value
 * is that of the same slot in the map's values.
 *
 * The hash of a key is the high half of the sum over its pairs of 32-bit words of (secret + word) * (secret + word),
 * where the words that its last pair lacks are 0 (Lemire and Kaser's multilinear hash, which is strongly universal:
 * whoever does not know the secrets cannot make keys collide). Its highest bits number the bucket.
 */

/** u32: address of the table. In the map's descriptor, as the next two. */
export const HASH_TABLE = 84;
/** u32: most and least recently used slot + 1 of an LRU map; 0 while it is empty. */
export const HASH_LRU_FIRST = 144;
export const HASH_LRU_LAST = 148;

/** Of the table: secrets for keys of up to 64 bytes, then the buckets. Longer keys are hashed 64 bytes at a time. */
export const HASH_SECRETS = 16;
export const HASH_BUCKETS = 8 * HASH_SECRETS;

/** Of an entry: link to the next of its chain; in LRU maps links to its neighbours in the list; the key. */
export const ENTRY_NEXT = 0;
export const ENTRY_KEY = 4;
export const ENTRY_LRU_NEWER = 4;
export const ENTRY_LRU_OLDER = 8;
export const ENTRY_LRU_KEY = 12;
/** Entries are whole words. */
export const ENTRY_ALIGN = 4;

/** Buckets are a power of two, at least 2, and at least two for every three elements. */
export const BUCKETS_PER_3_ELEMENTS = 2;

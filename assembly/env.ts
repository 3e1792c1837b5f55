// What the host provides; the file's name is the import's module name.

export declare function monotonic(): f64;
export declare function boottime(): f64;
export declare function realtime(): f64;
export declare function hostHelper(id: u32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64;

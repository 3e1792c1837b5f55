/** Clocks as the runtime imports them, in ns. Doubles: exact to the ns for 104 days of uptime. */
export interface Clocks {
  monotonic(): number;
  boottime(): number;
  realtime(): number;
}

const NS_PER_MS = 1e6;

const monotonic = (): number => performance.now() * NS_PER_MS;

/** The host's clocks. Time asleep is not told apart, so boottime equals monotonic. */
export const systemClocks: Clocks = {
  monotonic,
  boottime: monotonic,
  realtime: () => Date.now() * NS_PER_MS,
};

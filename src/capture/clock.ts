/** Turns the two 32-bit words of a packet's time stamp into nanoseconds since the epoch. */
export type Clock = (high: number, low: number) => bigint;

const NS_PER_SECOND = 1_000_000_000n;

/** Time stamps of pcap: seconds, and a fraction that counts units of `nsPerUnit`. */
export const secondsClock =
  (nsPerUnit: bigint): Clock =>
  (seconds, fraction) =>
    BigInt(seconds) * NS_PER_SECOND + BigInt(fraction) * nsPerUnit;

/**
 * Time stamps of pcapng: one 64-bit count of units.
 *
 * @param resolution if_tsresol: units per second are 10^n, or 2^n with the top bit set (default 6: microseconds)
 * @param offset if_tsoffset: seconds to add
 */
export function unitsClock(resolution = 6, offset = 0n): Clock {
  const exponent = BigInt(resolution & 0x7f);
  const unitsPerSecond = resolution & 0x80 ? 2n ** exponent : 10n ** exponent;
  const base = offset * NS_PER_SECOND;
  const ticks = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low);
  if (NS_PER_SECOND % unitsPerSecond === 0n) {
    const nsPerUnit = NS_PER_SECOND / unitsPerSecond;
    return (high, low) => ticks(high, low) * nsPerUnit + base;
  }
  return (high, low) => (ticks(high, low) * NS_PER_SECOND) / unitsPerSecond + base;
}

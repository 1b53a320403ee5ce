/** The machine's monotonic clock in ms. Unlike performance.now it tells the same in every thread of a process. */
export function sharedMonotonicMs(): number {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1_000 + nanos / 1_000_000
}

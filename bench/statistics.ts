/** The few figures that the bench makes of its samples. */

/** The smallest sample that at least this share of the samples doesn't exceed. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  return (
    (percentile(samples, 0.5) +
      -percentile(
        samples.map((sample) => -sample),
        0.5,
      )) /
    2
  )
}

/** Figures per second are better when higher, all others (latency, CPU time) when lower. */
export const isBetterHigher = (figure: string): boolean => figure.endsWith('/s')

/**
 * How many times better `ours` is than `peer`: the median of the rounds' own ratios, since both sides of a ratio were
 * measured within seconds of each other and a drift of the machine between rounds cancels out.
 */
export function timesBetter(figure: string, ours: readonly number[], peer: readonly number[]): number {
  const ratios = ours.flatMap((own, round) => {
    const other = peer[round]
    if (other === undefined || Number.isNaN(own) || Number.isNaN(other)) return []
    return [isBetterHigher(figure) ? own / other : other / own]
  })
  return median(ratios)
}

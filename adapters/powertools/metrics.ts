import { hubDimension, type Metric, metricNames, metricNamespace } from '#core/contract/metrics'

export type TellMetric = (metric: Metric, value: number) => void

/**
 * One line in the embedded metric format, of which CloudWatch Logs makes the metric: no call, and no cost while there is
 * nothing to tell. Written past the console, which would wrap it.
 */
export function createMetrics(
  hub: string,
  write: (line: string) => void = (line) => process.stdout.write(line),
): TellMetric {
  return (metric, value) => {
    const name = metricNames[metric]
    const directive = {
      Namespace: metricNamespace,
      Dimensions: [[hubDimension]],
      Metrics: [{ Name: name, Unit: 'Count' }],
    }
    const _aws = { Timestamp: Date.now(), CloudWatchMetrics: [directive] }
    write(`${JSON.stringify({ _aws, [hubDimension]: hub, [name]: value })}\n`)
  }
}

import { Logger } from '@aws-lambda-powertools/logger'
import type { Log } from '#core/ports'

/** A function's log: one JSON line an event, with the request that it belongs to. */
export interface RequestLog extends Log {
  /** Lines from here on belong to this request; one process answers one at a time. */
  readonly begin: (requestId: string) => void
}

export function createRequestLog({ service, hub }: { readonly service: string; readonly hub: string }): RequestLog {
  const logger = new Logger({ serviceName: service, persistentKeys: { hub } })
  return {
    begin: (requestId) => logger.setCorrelationId(requestId),
    info: (event, fields) => logger.info(event, plain(fields)),
    warn: (event, fields) => logger.warn(event, plain(fields)),
    error: (event, fields) => logger.error(event, plain(fields)),
  }
}

/** `message` is the event's own place in a line. */
function plain(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { message, ...rest } = fields
  return message === undefined ? rest : { ...rest, detail: message }
}

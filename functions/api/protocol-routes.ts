import { type WorkerProtocolOp, workerProtocol } from '#core/contract/worker-protocol'
import { json } from './answers.ts'
import { defineRoute, type Route } from './route.ts'

/** The hub's side of the worker protocol, as far as the API needs it. */
export interface ProtocolCalls {
  readonly call: (op: WorkerProtocolOp, body: unknown, principal: string, signal?: AbortSignal) => Promise<unknown>
}

/** One path an operation: POST /v1/worker-protocol/{op}. Instances of this machine use the stream instead. */
export function protocolRoutes(calls: ProtocolCalls): readonly Route[] {
  return (Object.keys(workerProtocol) as WorkerProtocolOp[]).map((op) =>
    defineRoute({
      method: 'POST',
      path: `/v1/worker-protocol/${op}`,
      name: `worker${op[0]?.toUpperCase()}${op.slice(1)}`,
      summary: `Worker protocol: ${op}`,
      body: workerProtocol[op].request,
      answer: { status: 200, schema: workerProtocol[op].answer },
      handle: async ({ principal, body, request }) => json(200, await calls.call(op, body, principal, request.signal)),
    }),
  )
}

/**
 * What goes wrong between an adapter and AWS, and no emulator plays: requests that are refused, answers that are lost
 * behind their effect, answers that say something else. Works on every client of AWS.
 */

/** One try of one request, as it leaves. */
export interface Try<Input = Readonly<Record<string, unknown>>> {
  readonly command: string
  readonly input: Input
}

/** What happens to a try: it fails before anything happened, after it, or its answer is another one. */
export type Fault =
  | { readonly kind: 'refused'; readonly error: Error }
  | { readonly kind: 'lost-answer' }
  | { readonly kind: 'late'; readonly ms: number }
  | { readonly kind: 'answered'; readonly output: (output: Answer) => Answer }

export type Answer = Readonly<Record<string, unknown>>

/** Which fault, if any, the try gets: by the name of its request, how many of them came before, and what it asks. */
export type FaultOf = (command: string, count: number, input: Readonly<Record<string, unknown>>) => Fault | undefined

interface Client {
  readonly middlewareStack: { readonly add: (middleware: never, options: never) => void }
}

/** From now on the client's tries are noted, and spoiled one by one. */
export function spoil<Input = Readonly<Record<string, unknown>>>(
  client: Client,
  faultOf: FaultOf = () => undefined,
): Try<Input>[] {
  const tries: Try<Input>[] = []
  const middleware =
    (next: Next, context: { readonly commandName?: string }) =>
    async (args: { readonly input: Readonly<Record<string, unknown>> }) => {
      const command = String(context.commandName).replace(/Command$/, '')
      const count = tries.filter((each) => each.command === command).length
      tries.push({ command, input: args.input as Input })
      return spoiled(faultOf(command, count, args.input), () => next(args))
    }
  const place = { step: 'deserialize', priority: 'high', name: 'spoil' }
  client.middlewareStack.add(middleware as never, place as never)
  return tries
}

type Next = (args: unknown) => Promise<{ readonly output?: unknown }>

async function spoiled<Result extends { readonly output?: unknown }>(
  fault: Fault | undefined,
  go: () => Promise<Result>,
): Promise<Result> {
  if (fault === undefined) return go()
  switch (fault.kind) {
    case 'refused':
      throw fault.error
    case 'lost-answer':
      await go()
      throw Object.assign(new Error('the answer did not come'), { name: 'TimeoutError' })
    case 'late': {
      const result = await go()
      await new Promise((resolve) => setTimeout(resolve, fault.ms))
      return result
    }
    case 'answered': {
      const result = await go()
      const { output } = result
      return { ...result, output: { ...(output as Answer), ...fault.output(output as Answer) } }
    }
    default:
      return fault satisfies never
  }
}

export function refused(name: string, httpStatusCode: number): Fault {
  return { kind: 'refused', error: Object.assign(new Error(`said ${name}`), { name, $metadata: { httpStatusCode } }) }
}

/** Every way in which AWS can be away for one request. */
export const awayFaults: Readonly<Record<string, Fault>> = {
  throttled: refused('RequestThrottled', 403),
  'broken inside': refused('InternalFailure', 500),
  'not available': refused('ServiceUnavailable', 503),
  'not there in time': { kind: 'refused', error: Object.assign(new Error('timed out'), { name: 'TimeoutError' }) },
  'cut off': { kind: 'refused', error: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }) },
}

/** What a client sends its requests with: `client.config.requestHandler`. */
interface Handler<Asked extends readonly unknown[], Answered> {
  handle: (...asked: Asked) => Promise<Answered>
}

type AnyAnswer = { readonly response: { readonly headers: Readonly<Record<string, string | undefined>> } }

/** Tells the time of AWS with each of its answers, refusals included: what a clock is held to (protocol 14). */
export function watchDates<Asked extends readonly unknown[], Answered extends AnyAnswer>(
  handler: Handler<Asked, Answered>,
  onDate: (date: number) => void,
): void {
  const handle = handler.handle.bind(handler)
  handler.handle = async (...asked) => {
    const answer = await handle(...asked)
    const date = Date.parse(answer.response.headers.date ?? '')
    if (!Number.isNaN(date)) onDate(date)
    return answer
  }
}

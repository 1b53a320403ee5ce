import { describe, expect, it } from 'vitest'
import { watchDates } from '#adapters/aws/watch-dates'

const handlerOf = (headers: Readonly<Record<string, string>>) => ({
  asked: [] as unknown[],
  async handle(request: { readonly path: string }, _options?: object) {
    this.asked.push(request)
    return { response: { headers, statusCode: 400 } }
  },
})

describe("AWS's time", () => {
  it('is told with each answer, and the answer is as it was', async () => {
    const dates: number[] = []
    const handler = handlerOf({ date: 'Tue, 24 Nov 2026 13:00:05 GMT' })
    watchDates(handler, (date) => dates.push(date))
    expect(await handler.handle({ path: '/' })).toMatchObject({ response: { statusCode: 400 } })
    expect(handler.asked).toEqual([{ path: '/' }])
    expect(dates).toEqual([Date.UTC(2026, 10, 24, 13, 0, 5)])
  })

  it.each([[{}], [{ date: 'soon' }]] as const)('is not told by an answer with %j', async (headers) => {
    const handler = handlerOf(headers)
    watchDates(handler, () => expect.unreachable())
    await handler.handle({ path: '/' })
    expect(handler.asked).toHaveLength(1)
  })
})

// One environment of a function: loads its bundle, then answers one event at a time, as Lambda has it.
const { handler } = await import(process.argv[2])

process.on('message', async ({ id, event, remainingMs }) => {
  const endsAtMs = performance.now() + remainingMs
  const context = {
    awsRequestId: `request-${id}`,
    functionName: process.argv[3],
    getRemainingTimeInMillis: () => Math.max(0, endsAtMs - performance.now()),
  }
  try {
    process.send({ id, result: await handler(event, context) })
  } catch (error) {
    process.send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
process.send({ ready: true })

import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, expect, test } from 'vitest'
import { createAttention } from '#adapters/sqs/attention'
import { awayFaults } from '../../support/aws-faults.ts'
import { startSqs } from '../../support/engines/fauxqs.ts'
import { watched } from './watched.ts'

const sqs = await startSqs()
afterAll(sqs.stop)

async function notesAt(url: string): Promise<readonly unknown[]> {
  const { Messages } = await sqs.client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }))
  return (Messages ?? []).map(({ Body }) => JSON.parse(Body ?? ''))
}

test('a note tells its kind, what happened, and the details', async () => {
  const { attentionUrl } = await sqs.makeQueues([])
  const note = { kind: 'foreign-message', message: 'not a bell 🔔 \uffff', detail: { worker: 'mill', text: 'hello' } }
  await createAttention(sqs.client, attentionUrl)(note)
  expect(await notesAt(attentionUrl)).toEqual([note])
})

test('a detail that is too long is cut, and says how long it was', async () => {
  const { attentionUrl } = await sqs.makeQueues([])
  await createAttention(sqs.client, attentionUrl)({ kind: 'record', message: 'long', detail: 'x'.repeat(2_000_000) })
  const [note] = await notesAt(attentionUrl)
  expect(note).toMatchObject({
    kind: 'record',
    detail: { chars: 2_000_002, cut: expect.stringMatching(/^"x{99999}$/) },
  })
})

test('a note that could not be left is told to who left it', async () => {
  const { attentionUrl } = await sqs.makeQueues([])
  const { client } = watched(sqs, () => awayFaults.throttled)
  const leaving = createAttention(client, attentionUrl)({ kind: 'record', message: 'poison' })
  await expect(leaving).rejects.toMatchObject({ code: 'unavailable' })
})

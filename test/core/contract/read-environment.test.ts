import { describe, expect, it } from 'vitest'
import { HubEnv } from '#core/contract/hub-env'
import { readEnvironment } from '#core/contract/read-environment'
import { ReactorEnv } from '#functions/reactor/config'

const right = {
  TASKURAI_HUB: 'shop',
  TASKURAI_TABLE: 'shop-table',
  TASKURAI_QUEUE_URL_PREFIX: 'https://sqs.eu-west-1.amazonaws.com/111122223333/taskurai-shop-',
  TASKURAI_BUCKET: 'shop-bucket',
}
const attention = { TASKURAI_ATTENTION_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/111122223333/attention' }

describe('the environment of a program', () => {
  it('is read with its defaults, and whatever else stands in it is left alone', () => {
    expect(readEnvironment(HubEnv, { ...right, PATH: '/bin', TASKURAI_DUE_SHARDS: '16' })).toEqual({
      ...right,
      TASKURAI_DUE_SHARDS: 16,
      TASKURAI_DIRECTORY_SHARDS: 4,
    })
    const read = readEnvironment(ReactorEnv, { ...right, ...attention, TASKURAI_EVENTS: 'succeeded,failed' })
    expect(read).toMatchObject({ TASKURAI_EVENTS: ['succeeded', 'failed'], TASKURAI_EVENT_BUS: '' })
  })

  it('that is wrong is refused once, with every variable at fault and what it should be', () => {
    const { TASKURAI_TABLE: _, ...rest } = right
    const wrong = { ...rest, TASKURAI_HUB: 'Shop', TASKURAI_BUCKET: '', TASKURAI_DUE_SHARDS: 'eight' }
    expect(() => readEnvironment(HubEnv, wrong)).toThrow(
      [
        'it cannot start; its environment:',
        `TASKURAI_HUB is "Shop" (it should be: the hub's name: lower-case letters, digits and hyphens, a letter first, 24 at most)`,
        `TASKURAI_TABLE is missing (it should be: the name of the hub's table)`,
        `TASKURAI_BUCKET is "" (it should be: the name of the hub's bucket)`,
        'TASKURAI_DUE_SHARDS is "eight" (it should be: a whole number from 1 to 256)',
      ].join('\n'),
    )
  })

  it('says what a list of statuses may hold', () => {
    const told = { ...right, ...attention, TASKURAI_EVENTS: 'succeeded,done' }
    expect(() => readEnvironment(ReactorEnv, told)).toThrow(
      /^TASKURAI_EVENTS is "succeeded,done" \(it should be: statuses with commas between them, as: succeeded,failed\)$/m,
    )
  })
})

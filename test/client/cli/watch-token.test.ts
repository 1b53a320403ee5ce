import { describe, expect, it } from 'vitest'
import { startCli } from '../../support/cli.ts'
import { problem } from '../../support/scripted-hub.ts'

const ID = '01K9Z0000000000000000000AB'
const made = {
  id: '01K9Z0000000000000000000WT',
  token: 'tw_x',
  url: 'wss://hub.example/live?token=tw_x',
  expiresAt: '2026-11-30T09:00:00.123Z',
}

describe('watch-token', () => {
  it('prints the address and until when it is good', async () => {
    await using cli = await startCli(() => ({ status: 201, body: made }))
    const ran = await cli.run(['watch-token', ID])
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toContain(made.url)
    expect(ran.out).toContain('2026-11-30T09:00:00Z')
    expect(ran.out).toContain(made.id)
    expect(cli.hub.seen[0]).toMatchObject({ method: 'POST', path: `/v1/tasks/${ID}/watch-token`, body: {} })
    expect(JSON.parse((await cli.run(['watch-token', ID, '--json'])).out)).toEqual(made)
  })

  it.each([
    [['--user', 'Ada', '--expires', '10m'], { userId: 'Ada', expiresInSeconds: 600 }],
    [['--account', 'a-1', '--view', 'full'], { accountId: 'a-1', view: 'full' }],
    [['--correlation', 'c', '--expires', '7d'], { correlationId: 'c', expiresInSeconds: 604_800 }],
  ])('is made for %j', async (words, body) => {
    await using cli = await startCli(() => ({ status: 201, body: made }))
    expect((await cli.run(['watch-token', ...words])).code).toBe(0)
    expect(cli.hub.seen[0]).toMatchObject({ path: '/v1/watch-tokens', body })
  })

  it('is taken back', async () => {
    await using cli = await startCli(() => ({ status: 204 }))
    expect(await cli.run(['watch-token', '--revoke', made.id])).toMatchObject({
      code: 0,
      out: `${made.id} is revoked\n`,
    })
    expect(cli.hub.seen[0]).toMatchObject({ method: 'DELETE', path: `/v1/watch-tokens/${made.id}` })
  })

  it.each([
    [[], 'Give the id of a task'],
    [[ID, '--user', 'Ada'], 'Give the id of a task'],
    [['--user', 'Ada', '--account', 'a'], 'Give the id of a task'],
    [[ID, '--expires', 'soon'], "--expires 'soon'"],
    [[ID, '--view', 'all'], "--view 'all'"],
    [[ID, '--revoke', made.id], '--revoke stands alone'],
  ])('refuses %j before it calls', async (words, says) => {
    await using cli = await startCli(() => ({ status: 201, body: made }))
    const ran = await cli.run(['watch-token', ...words])
    expect(ran.code).toBe(2)
    expect(ran.err).toContain(says)
    expect(cli.hub.seen).toEqual([])
  })

  it('says what a hub without a live endpoint says', async () => {
    await using cli = await startCli(() => problem(501, 'not-offered', 'this hub has no live endpoint'))
    const ran = await cli.run(['watch-token', ID])
    expect(ran).toMatchObject({ code: 4, err: expect.stringContaining('no live endpoint') })
  })
})

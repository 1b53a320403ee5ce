import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readManifest } from '#adapters/process/read-manifest'

const modulePath = (name: string) => fileURLToPath(new URL(`../../fixtures/worker-modules/${name}`, import.meta.url))

describe.concurrent('the manifest of a worker module', { timeout: 120_000 }, () => {
  it('is read from a module that prints and never comes to rest', async () => {
    expect(await readManifest(modulePath('chatty.ts'), { mostMs: 60_000 })).toMatchObject({
      ok: true,
      manifest: { name: 'chatty', commands: [{ name: 'say', version: 1, input: { required: ['words'] } }] },
    })
  })

  it.each([
    ['opens-handles.ts', 'handles'],
    ['rejects.ts', 'rejects'],
  ])('is read from %s, whatever it leaves open', async (name, worker) => {
    expect(await readManifest(modulePath(name), { mostMs: 60_000 })).toMatchObject({
      ok: true,
      manifest: { name: worker },
    })
  })

  it.each([
    ['throws.ts', ['threw while it was imported', 'no database here']],
    ['exits.ts', ['ended its process with code 9', 'DATABASE_URL is not set']],
    ['never-settles.ts', ['top-level await that never settles']],
    ['no-default.ts', ['has no default export (it exports first, second)', 'export default defineWorker']],
    ['exports-command.ts', ['has a command as its default export']],
    ['bad-schema.ts', ['input of command say@1', '/at']],
    ['exports-promise.ts', ['has a promise as its default export', 'export default await']],
    ['exports-list.ts', ['has a list as its default export']],
    ['exports-function.ts', ['has a function as its default export']],
    ['exports-plain.ts', ['has an object with name, commands as its default export']],
    ['throws-text.ts', ['threw while it was imported: the password is missing']],
    ['missing-package.ts', ["Cannot find package 'no-such-package-here'"]],
    ['absent.ts', ['absent.ts threw while it was imported', 'Cannot find module']],
  ])('is refused for %s with what the module did', async (name, words) => {
    const read = await readManifest(modulePath(name), { mostMs: 60_000 })
    expect(read.ok).toBe(false)
    for (const word of words) expect(read).toMatchObject({ message: expect.stringContaining(word) })
  })

  it('is refused for a module that hangs, within the time allowed', async () => {
    expect(await readManifest(modulePath('hangs.ts'), { mostMs: 2_000 })).toEqual({
      ok: false,
      message: expect.stringMatching(/still being imported after 2 s: it must only define its worker/),
    })
  })
})

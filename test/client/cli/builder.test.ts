import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkBuilder } from '#client/cli/doctor/builder'

/** A PATH on which there are only these programs; each says its words, or ends badly. */
async function pathOf(programs: Readonly<Record<string, string | undefined>>) {
  const folder = await mkdtemp(join(tmpdir(), 'taskurai-builder-'))
  for (const [name, words] of Object.entries(programs)) {
    const script = words === undefined ? 'exit 1' : `test "$3" = '${words}' && echo x86_64 || echo aarch64`
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  return { PATH: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

const x86 = '{{.Architecture}}'
const arm = 'something else'
const no = async () => false

describe('a builder', () => {
  it.each<[string, Record<string, string | undefined>, Record<string, string>, RegExp]>([
    ['that is not there', {}, {}, /^fail no docker, finch or podman is on PATH → install Docker/],
    ['that is wanted and not there', { docker: arm }, { CDK_DOCKER: 'finch' }, /^fail CDK_DOCKER is finch, and that/],
    ['whose engine is down', { docker: undefined }, {}, /^fail docker is there, .* → start it, and see: docker info/],
    ['of arm64', { docker: arm, podman: arm }, {}, /^ok docker, /],
    ['that CDK is told', { podman: '{{.Architecture}}' }, { CDK_DOCKER: 'podman' }, /^ok podman, /],
    ['that CDK is not told', { docker: undefined, finch: arm }, {}, /^warn finch .*→ export CDK_DOCKER=finch/],
    ['of x86', { docker: x86 }, {}, /^warn docker on x86_64: .*→ once: docker run --privileged .* cpuArchitecture/],
    ['of x86 that asks podman in its words', { podman: '{{.Host.Arch}}' }, { CDK_DOCKER: 'podman' }, /x86_64/],
  ])('%s', async (_, programs, env, told) => {
    await using path = await pathOf(programs)
    const { state, says, advice } = await checkBuilder({ PATH: path.PATH, ...env }, no)
    expect(`${state} ${says} → ${advice}`).toMatch(told)
  })

  it('of x86 that emulates is well, and slow', async () => {
    await using path = await pathOf({ docker: x86 })
    expect(await checkBuilder({ PATH: path.PATH }, async () => true)).toMatchObject({
      state: 'ok',
      says: expect.stringMatching(/under emulation, slowly$/),
    })
  })
})

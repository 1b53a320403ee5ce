import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { CliWorld } from '../world.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** What builds the images of workers on this machine, and whether it builds them for arm64. */

const formats: Readonly<Record<string, string>> = {
  docker: '{{.Architecture}}',
  finch: '{{.Architecture}}',
  podman: '{{.Host.Arch}}',
}
const name = 'builder'
const infoSeconds = 10
const armByEmulation = '/proc/sys/fs/binfmt_misc/qemu-aarch64'

/** `CDK_DOCKER` is the one that CDK takes; without it that is docker, whatever else there is. */
export async function checkBuilder(env: CliWorld['env'], emulates = emulatesArm): Promise<Check> {
  const wanted = env.CDK_DOCKER
  const commands = wanted ? [wanted] : Object.keys(formats)
  const all = await Promise.all(commands.map(async (command) => ({ command, arch: await archOf(command, env) })))
  const found = all.filter(({ arch }) => arch !== 'missing')
  const best = found.find(({ arch }) => arch !== 'silent') ?? found[0]
  if (best === undefined) {
    const says = wanted ? `CDK_DOCKER is ${wanted}, and that is not on PATH` : 'no docker, finch or podman is on PATH'
    return fail(name, says, 'install Docker, or Finch or Podman and export CDK_DOCKER=finch: images are built with it')
  }
  const { command, arch } = best
  if (arch === 'silent') {
    return fail(name, `${command} is there, and its engine does not answer`, `start it, and see: ${command} info`)
  }
  if (!wanted && command !== 'docker') {
    return warn(name, `${command} (${arch}), which CDK does not take by itself`, `export CDK_DOCKER=${command}`)
  }
  if (/^(?:arm64|aarch64)$/.test(arch)) return ok(name, `${command}, and it builds for arm64 as it is`)
  if (await emulates()) return ok(name, `${command} on ${arch}: it builds for arm64 under emulation, slowly`)
  const emulation = `${command} run --privileged --rm tonistiigi/binfmt --install arm64`
  const advice = `once: ${emulation} (or give workers cpuArchitecture: 'x86_64')`
  return warn(name, `${command} on ${arch}: nothing here emulates the arm64 that images are built for`, advice)
}

async function archOf(command: string, env: CliWorld['env']): Promise<string | 'missing' | 'silent'> {
  const format = formats[command.replace(/^.*[\\/]/, '')] ?? '{{.Architecture}}'
  const options = { env: { ...env }, timeout: infoSeconds * 1_000 }
  try {
    const { stdout } = await promisify(execFile)(command, ['info', '--format', format], options)
    return stdout.trim() || 'silent'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR' ? 'missing' : 'silent'
  }
}

/** Elsewhere than on Linux the engine lives in a machine of its own, which brings its emulation. */
async function emulatesArm(): Promise<boolean> {
  if (process.platform !== 'linux') return true
  return access(armByEmulation).then(
    () => true,
    () => false,
  )
}

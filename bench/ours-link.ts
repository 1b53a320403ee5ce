/** The line between the bench and our hub's process. */
import { type ChildProcess, fork } from 'node:child_process'
import { z } from 'zod'
import { endProcess, ownProcess } from './processes.ts'
import { START_TIMEOUT_MS, WAIT_TIMEOUT_MS, within } from './subject.ts'

export const serverOrderSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tellFinished'), total: z.number() }),
  z.object({ kind: z.literal('tellRegistered') }),
  z.object({ kind: z.literal('countAnew') }),
])

export const serverReportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), endpoint: z.string() }),
  z.object({ kind: z.literal('registered') }),
  z.object({ kind: z.literal('counting') }),
  z.object({ kind: z.literal('finished'), lastFinishMs: z.number() }),
])
export type ServerReport = z.infer<typeof serverReportSchema>

export interface OursServer {
  readonly pid: number
  readonly endpoint: string
  /** Resolves when an instance has registered. */
  registered(): Promise<void>
  /** Ended tasks count from here on. */
  countAnew(): Promise<void>
  /** Resolves with the time when so many tasks had ended, durably. */
  finished(total: number): Promise<number>
  stop(): Promise<void>
}

export async function startOursServer(folder: string, durability: string): Promise<OursServer> {
  const args = [folder, durability]
  // The flags of `npm start`; for profiles: TASKURAI_BENCH_HUB_FLAGS="--cpu-prof --cpu-prof-dir=profiles".
  const flags = [
    '--min-semi-space-size=16',
    '--max-semi-space-size=32',
    '--no-parallel-scavenge',
    ...(process.env.TASKURAI_BENCH_HUB_FLAGS ?? '').split(' ').filter((flag) => flag !== ''),
  ]
  const child = fork(new URL('./ours-server.ts', import.meta.url), args, {
    execArgv: [...process.execArgv, ...flags],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  ownProcess(child)
  const ready = await within(START_TIMEOUT_MS, 'starting the hub', next(child, 'ready'))
  const { pid } = child
  if (pid === undefined) throw new Error('a hub that is ready has a pid')
  return {
    pid,
    endpoint: ready.endpoint,
    async registered() {
      const answer = next(child, 'registered')
      child.send({ kind: 'tellRegistered' })
      await within(START_TIMEOUT_MS, 'the registration of an instance', answer)
    },
    async countAnew() {
      const answer = next(child, 'counting')
      child.send({ kind: 'countAnew' })
      await within(START_TIMEOUT_MS, 'the hub', answer)
    },
    async finished(total) {
      const answer = next(child, 'finished')
      child.send({ kind: 'tellFinished', total })
      return (await within(WAIT_TIMEOUT_MS, 'the end of all tasks', answer)).lastFinishMs
    },
    stop: () => endProcess(child, 'SIGTERM'),
  }
}

type ReportOf<K extends ServerReport['kind']> = Extract<ServerReport, { kind: K }>

function next<K extends ServerReport['kind']>(child: ChildProcess, kind: K): Promise<ReportOf<K>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the hub ended with ${code}`))
    const onMessage = (message: unknown) => {
      const report = serverReportSchema.parse(message)
      if (report.kind !== kind) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(report as ReportOf<K>)
    }
    child.on('message', onMessage)
    child.once('exit', onExit)
  })
}

/** The bench's end of the line to a worker: starts the process, asks, and never waits without a bound. */
import { type ChildProcess, fork } from 'node:child_process'
import { endProcess, ownProcess } from './processes.ts'
import { START_TIMEOUT_MS, type SubjectWorker, WAIT_TIMEOUT_MS, within } from './subject.ts'
import { type Order, type Report, reportSchema } from './worker-link.ts'

type ReportOf<K extends Report['kind']> = Extract<Report, { kind: K }>

const isOf = <K extends Report['kind']>(report: Report, kind: K): report is ReportOf<K> => report.kind === kind

/**
 * Starts a worker file that speaks through `linkToBench`.
 * The loader flags of the bench itself are handed on, so the file may be TypeScript.
 */
export async function startWorkerProcess(
  file: URL,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<SubjectWorker> {
  const child = fork(file, [...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  ownProcess(child)
  await within(START_TIMEOUT_MS, 'starting a worker', nextReport(child, 'ready'))
  const pid = child.pid
  if (pid === undefined) throw new Error('a worker that is ready has a pid')

  const ask = async <K extends Report['kind']>(order: Order, answer: K): Promise<ReportOf<K>> => {
    const answered = nextReport(child, answer)
    send(child, order)
    return await within(WAIT_TIMEOUT_MS, `the worker's answer to ${order.kind}`, answered)
  }
  return {
    pid,
    finished: (total) => ask({ kind: 'tellFinished', total }, 'finished'),
    async watchStarts() {
      await ask({ kind: 'tellStarts' }, 'watching')
    },
    async nextStart() {
      const report = await within(START_TIMEOUT_MS, 'the start of a handler', nextReport(child, 'started'))
      return report.atMs
    },
    async stop() {
      send(child, { kind: 'stop' })
      await endProcess(child, 'byItself')
    },
  }
}

/** A worker that is gone is noticed by its exit; the closed channel adds nothing and must not throw. */
function send(child: ChildProcess, order: Order): void {
  if (child.connected) child.send(order, () => {})
}

function nextReport<K extends Report['kind']>(child: ChildProcess, kind: K): Promise<ReportOf<K>> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      child.off('message', onMessage)
      child.off('exit', onExit)
    }
    const onMessage = (message: unknown) => {
      const report = reportSchema.parse(message)
      if (!isOf(report, kind)) return
      settle()
      resolve(report)
    }
    const onExit = (code: number | null) => {
      settle()
      reject(new Error(`the worker ended (${code ?? 'by a signal'}) while the bench waited for "${kind}"`))
    }
    if (child.exitCode !== null || child.signalCode !== null) return onExit(child.exitCode)
    child.on('message', onMessage)
    child.on('exit', onExit)
  })
}

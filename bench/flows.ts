/**
 * `npm run bench:flows -- [folder]`: steps, fan-out and fan-in of the embedded hub beside BullMQ's flows and Restate, in
 * one run on one machine. Ratios are of subjects that are equally durable: power-safe, and safe against kill -9.
 */
import { measureBullmq } from './flows/bullmq.ts'
import { children, type Figures, parents, stepsInARun } from './flows/figures.ts'
import { measureOurs } from './flows/ours.ts'
import { measureRestate, missingRestate } from './flows/restate.ts'
import { missingRedis } from './redis-server.ts'
import { percentile } from './statistics.ts'

const folder = process.argv[2] ?? '.'
const say = (text: string) => process.stdout.write(`${text}\n`)

interface Subject {
  readonly name: string
  readonly isPowerSafe: boolean
  readonly measure: () => Promise<Figures>
}

const [noRedis, noRestate] = [await missingRedis(), missingRestate()]
const subjects: readonly Subject[] = [
  { name: 'taskurai-power', isPowerSafe: true, measure: () => measureOurs(folder, 'power') },
  { name: 'taskurai-process', isPowerSafe: false, measure: () => measureOurs(folder, 'process') },
  ...(noRedis === undefined
    ? [
        { name: 'bullmq-everysec', isPowerSafe: false, measure: () => measureBullmq(folder, 'everysec') },
        { name: 'bullmq-always', isPowerSafe: true, measure: () => measureBullmq(folder, 'always') },
      ]
    : []),
  ...(noRestate === undefined ? [{ name: 'restate', isPowerSafe: true, measure: () => measureRestate(folder) }] : []),
]

say(`${children} sub tasks of one parent, ${stepsInARun} steps of one run, ${parents} parents of one sub task each\n`)
say('                    steps/s   children/s last end → resumed p50 / p99')
const figures = new Map<string, Figures>()
for (const { name, measure } of subjects) {
  const measured = await measure()
  figures.set(name, measured)
  say(lineOf(name, measured))
}
for (const missing of [noRedis, noRestate]) if (missing !== undefined) say(`Left out: ${missing}`)
say('')
for (const { name, isPowerSafe } of subjects) {
  const own = isPowerSafe ? 'taskurai-power' : 'taskurai-process'
  if (!name.startsWith('taskurai')) say(ratioOf(own, name))
}

function lineOf(name: string, { stepsPerSecond, childrenPerSecond, resumeMs }: Figures): string {
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(resumeMs, share))
  const columns = [name.padEnd(18), String(stepsPerSecond).padStart(8), String(childrenPerSecond).padStart(12)]
  return `${columns.join(' ')} ${p50} / ${p99} ms`
}

function ratioOf(own: string, peer: string): string {
  const [ours, theirs] = [figures.get(own), figures.get(peer)]
  if (ours === undefined || theirs === undefined) return ''
  const steps = (ours.stepsPerSecond / theirs.stepsPerSecond).toFixed(2)
  const subTasks = (ours.childrenPerSecond / theirs.childrenPerSecond).toFixed(2)
  const [mine, other] = [ours, theirs].map(({ resumeMs }) => percentile(resumeMs, 0.5))
  return `${own} beside ${peer}: steps ${steps}x, children ${subTasks}x, resumed after ${mine} ms against ${other} ms`
}

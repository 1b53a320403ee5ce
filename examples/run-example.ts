/**
 * Sends the tasks of the three examples to the hub and shows how they get on, side by side: live bars on a terminal,
 * plain lines elsewhere. It is an ordinary client: everything it shows comes from the API.
 */
import { type Client, createClient } from '../client/index.ts'
import { submitOrders, submitReports, submitVideos, type Work } from './example-work.ts'
import { keepResults } from './keep-results.ts'
import { isOver, look } from './look.ts'
import { drawBars, type Out, type Show, type Snapshot, sayLines } from './show-progress.ts'

const lookEveryMs = 200
const looksMost = 4 * 60 * 60

export interface RunExampleOptions {
  readonly endpoint: string
  readonly out: Out
  /** Has the hub take the other workers, once the first one is at work. Answers what is wrong, if anything. */
  readonly addWorkers: (print: (line: string) => void) => Promise<string | undefined>
}

export async function runExample({ endpoint, out, addWorkers }: RunExampleOptions): Promise<void> {
  const client = createClient({ endpoint })
  const show = out.isTTY === true ? drawBars(out) : sayLines(out)
  const orders = await submitOrders(client)
  show.say(orders.words)
  const works = [orders]
  let others: Promise<void> | undefined
  let areOthersIn = false
  for (let looks = 0; looks < looksMost; looks++) {
    const snapshots = await look(client, [...works])
    show.show(snapshots)
    if (others === undefined && snapshots.some(isAtWork)) {
      others = addOthers({ client, show, works, addWorkers }).finally(() => {
        areOthersIn = true
      })
    }
    if (areOthersIn && snapshots.length === works.length && snapshots.every(isOver)) break
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
  await others
  for (const work of works.slice(1)) {
    const kept = await keepResults(client, work)
    show.say(`${work.worker}: ${kept} files of results downloaded to .taskurai/${work.worker}`)
  }
  show.say('the examples are done; the hub stays up (Ctrl-C stops it)')
}

/** Before that, everything the machine has belongs to the first task. */
function isAtWork({ running, ended }: Snapshot): boolean {
  return running.length > 0 || ended > 0
}

interface Adding extends Pick<RunExampleOptions, 'addWorkers'> {
  readonly client: Client
  readonly show: Show
  readonly works: Work[]
}

/** The other two examples join; what goes wrong with them does not stop the first. */
async function addOthers({ client, show, works, addWorkers }: Adding): Promise<void> {
  try {
    const wrong = await addWorkers(show.say)
    if (wrong !== undefined) return show.say(wrong)
    for (const submit of [submitReports, submitVideos]) {
      const work = await submit(client)
      works.push(work)
      show.say(work.words)
    }
  } catch (error) {
    show.say(`the other examples do not run: ${error instanceof Error ? error.message : String(error)}`)
  }
}

import { z } from 'zod'

/** What Amazon ECS tells a container of itself: the only word on which revision it really is. */

const requestMostMs = 2_000
const triesMost = 5
const againMs = 500
const answerCharsMost = 1_000_000

const TaskMetadata = z.object({
  TaskARN: z.string().min(1),
  Family: z.string().min(1),
  Revision: z.string().min(1),
})

export interface TaskIdentity {
  /** Names the launch: what RunTask answered. */
  readonly launch: string
  /** As `generationOf` makes it of the revision's ARN (core/contract/ecs-launch.ts). */
  readonly generation: string
}

/** Throws if the endpoint does not answer, or not as it should, after a few tries. */
export async function readTaskIdentity(endpoint: string): Promise<TaskIdentity> {
  const url = `${endpoint.replace(/\/$/, '')}/task`
  for (let tried = 1; ; tried++) {
    try {
      const { TaskARN, Family, Revision } = TaskMetadata.parse(await fetchJson(url))
      return { launch: TaskARN, generation: `${Family}:${Revision}` }
    } catch (cause) {
      if (tried === triesMost) throw new Error(`the metadata of this container cannot be read from ${url}`, { cause })
    }
    await new Promise((resolve) => setTimeout(resolve, againMs))
  }
}

async function fetchJson(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(requestMostMs) })
  const text = await answer.text()
  if (!answer.ok || text.length > answerCharsMost)
    throw new Error(`it answered ${answer.status}: ${text.slice(0, 200)}`)
  return JSON.parse(text)
}

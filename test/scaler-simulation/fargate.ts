import type { Launcher, LaunchOutcome, LaunchRefusal } from '#core/ports'
import type { Random } from '../simulation/random.ts'
import type { Process, Schedule } from '../simulation/schedule.ts'

/** What becomes of one RunTask. `room`: so many may run at a time, and the rest is refused for the reason. */
export type Fate =
  | { readonly kind: 'fine' }
  /** Throttled, or lost on its way: nobody answers, and nothing was started. */
  | { readonly kind: 'unanswered' }
  /** It was carried out, and the answer was lost. */
  | { readonly kind: 'answer-lost' }
  | { readonly kind: 'room'; readonly most: number; readonly reason: LaunchRefusal['reason'] }

export interface Container {
  readonly launch: string
  readonly generation: string
  readonly launchedMs: number
  state: 'starting' | 'up' | 'draining' | 'gone'
}

/** How it ended: its exit code, or who ended it. */
export interface Ending {
  readonly exitCode?: number
  readonly stopCode?: 'SpotInterruption'
}

/** From RunTask to the program's first line. */
const startSeconds = [20, 60] as const

type Asked = Parameters<Launcher['launch']>[0]

export interface FargateOptions {
  readonly schedule: Schedule
  readonly random: Random
  readonly fateOf: (nowMs: number) => Fate
  /** The container runs: from here on it is an instance, or dies for a reason. */
  readonly onUp: (container: Container) => void
  readonly onBreach: (message: string) => void
}

/** Starts containers as RunTask does: late, not all of them, and once for a token however often it is asked. */
export class Fargate {
  readonly containers = new Map<string, Container>()
  /** Each is paid for. */
  readonly launchedAtMs: number[] = []
  most = 0
  readonly #options: FargateOptions
  readonly #answers = new Map<string, { readonly asked: string; readonly outcome: LaunchOutcome }>()

  constructor(options: FargateOptions) {
    this.#options = options
  }

  /** Containers that take tasks or will: what `max` is about. Those that drain or exit are not counted. */
  taking(): readonly Container[] {
    return [...this.containers.values()].filter(({ state }) => state === 'starting' || state === 'up')
  }

  launcherOf(process: Process): Launcher {
    const { schedule, random } = this.#options
    return {
      launch: (asked) =>
        new Promise((resolve) => {
          // The call goes on its way even if its sender dies.
          schedule.at(random.int(200, 500), undefined, () => {
            const outcome = this.#run(asked)
            schedule.at(random.int(100, 400), process, () => resolve(outcome))
          })
        }),
    }
  }

  end(container: Container): void {
    container.state = 'gone'
    this.containers.delete(container.launch)
  }

  #run(asked: Asked): LaunchOutcome {
    const { schedule, fateOf, onBreach } = this.#options
    const fate = fateOf(schedule.nowMs)
    if (fate.kind === 'unanswered') return { kind: 'unknown', message: 'throttled' }
    const text = JSON.stringify(asked)
    const known = this.#answers.get(asked.token)
    if (known !== undefined && known.asked !== text)
      onBreach(`token ${asked.token} was used for two different launches`)
    const outcome = known?.outcome ?? this.#start(asked, fate)
    this.#answers.set(asked.token, { asked: text, outcome })
    return fate.kind === 'answer-lost' ? { kind: 'unknown', message: 'timed out' } : outcome
  }

  #start({ token, count, generation }: Asked, fate: Fate): LaunchOutcome {
    const room = fate.kind === 'room' ? Math.max(0, fate.most - this.containers.size) : count
    const launches = Array.from({ length: Math.min(count, room) }, (_, index) => `${token}-${index}`)
    for (const launch of launches) this.#startOne(launch, generation)
    const refused: LaunchRefusal[] =
      fate.kind === 'room' && launches.length < count ? [{ reason: fate.reason, message: 'no room' }] : []
    return { kind: 'launched', launches, refused }
  }

  #startOne(launch: string, generation: string): void {
    const { schedule, random, onUp } = this.#options
    const container: Container = { launch, generation, launchedMs: schedule.nowMs, state: 'starting' }
    this.containers.set(launch, container)
    this.launchedAtMs.push(schedule.nowMs)
    this.most = Math.max(this.most, this.containers.size)
    // Most start soon, a few take long.
    const seconds = Math.min(random.int(...startSeconds), random.int(...startSeconds))
    schedule.at(seconds * 1_000 + random.int(0, 999), undefined, () => onUp(container))
  }
}

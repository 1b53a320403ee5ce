import { isTerminal } from '#core/contract/task'
import type { Head } from '#core/head'
import type { TestHub } from './hub.ts'
import { TaskLife } from './life.ts'
import { type Play, TaskPlayer } from './play-task.ts'
import { stuck } from './stuck.ts'
import { TestFiles } from './test-files.ts'

/** More than any test means: whoever comes here goes in circles. */
const runsMost = 100_000

/**
 * Plays a task and all its sub tasks to their ends, one run at a time. Whoever may run now does, in the order in which
 * they came to that; when nobody may, time jumps to when somebody does. A test stays the same in every run of it.
 */
export class TreePlayer {
  readonly root: TaskPlayer
  /** Sub tasks of every depth, as they were made. */
  readonly made: string[] = []
  readonly #play: Play
  readonly #hub: TestHub
  readonly #players = new Map<string, TaskPlayer>()
  /** Those that have not ended; each change of its status puts one behind the others. */
  readonly #open = new Set<string>()
  /** The run before the wait that was told last: each is told once. */
  #toldAfterRun = -1

  constructor(play: Play) {
    this.#play = play
    this.#hub = play.hub
    this.root = new TaskPlayer(play)
    this.#players.set(play.life.id, this.root)
  }

  async play(): Promise<void> {
    const { time } = this.#play
    for (let runs = 0; runs < runsMost; ) {
      await this.#settle()
      this.#hub.throwBlame()
      if (this.#tellWait()) continue
      const next = this.#firstReady()
      if (next !== undefined) {
        runs++
        await next.playRun(`run-${runs}`)
        continue
      }
      const readyAtMs = Math.min(...this.#openLives().map((life) => life.readyAtMs))
      if (readyAtMs === Number.POSITIVE_INFINITY) return this.#refuseStuck()
      time.pass(Math.max(0, readyAtMs - time.now().getTime()) / 1_000)
    }
    throw new Error(`${this.root.life.head.command}: more than ${runsMost} runs of it and its sub tasks, and no end`)
  }

  /** What was sent is there, and what follows from all changes has happened. */
  async #settle(): Promise<void> {
    await this.#hub.heard()
    for (const { before, after } of await this.#hub.world.follow()) {
      const { id, status } = after
      if (before === undefined && id !== this.root.life.id) this.made.push(id)
      if (before?.status === status) continue
      this.#open.delete(id)
      if (!isTerminal(status)) this.#open.add(id)
    }
  }

  /** Whether a hook was asked, and may have changed something. */
  #tellWait(): boolean {
    const { life } = this.root
    const { time } = this.#play
    const { readyAtMs } = life
    const { status, runCount } = life.head
    if (isTerminal(status) || readyAtMs <= time.now().getTime() || this.#toldAfterRun === runCount) return false
    this.#toldAfterRun = runCount
    this.root.tellWait(readyAtMs === Number.POSITIVE_INFINITY ? undefined : new Date(readyAtMs))
    return true
  }

  #firstReady(): TaskPlayer | undefined {
    const now = this.#play.time.now().getTime()
    for (const id of this.#open) {
      const player = this.#playerOf(id)
      if (player.life.readyAtMs <= now) return player
    }
    return undefined
  }

  #openLives(): readonly TaskLife[] {
    return [...this.#open].map((id) => this.#playerOf(id).life)
  }

  /** What was detached may wait for ever. */
  #refuseStuck(): void {
    if (this.root.life.hasEnded) return
    throw stuck(this.root.life, this.#openLives(), this.#play.time.now())
  }

  #playerOf(id: string): TaskPlayer {
    const standing = this.#players.get(id)
    if (standing !== undefined) return standing
    const life = new TaskLife(this.#hub.world, id)
    const { command, version }: Head = life.head
    const ready = this.#hub.find(command, version)
    const player = new TaskPlayer({ ...this.#play, life, ready, files: TestFiles.none, hooks: {} })
    this.#players.set(id, player)
    return player
  }
}

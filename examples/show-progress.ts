/** What one look at the hub saw of one worker of the examples. */
export interface Snapshot {
  readonly worker: string
  readonly total: number
  readonly ended: number
  readonly failed: number
  readonly instances: number
  readonly starting: number
  readonly running: readonly { readonly label: string; readonly percent: number; readonly message: string }[]
}

/** Shows how workers get on, side by side. */
export interface Show {
  readonly show: (snapshots: readonly Snapshot[]) => void
  /** A line that stays, above what moves. */
  readonly say: (line: string) => void
}

export type Out = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

const barCells = 24
/** Running tasks shown of each worker. */
const runningShown = 4
const workerCells = 8
const labelCells = { least: 16, most: 44 } as const
/** What stands beside a task's label: margins, bar, percent and some words. */
const besideLabelCells = barCells + 34
const columnsIfUnknown = 80

/** On a terminal: one bar for each worker, under it one for each running task, drawn over the last look. */
export function drawBars(out: Out): Show {
  let drawn: readonly string[] = []
  const draw = (above: string, lines: readonly string[]) => {
    const rubOut = drawn.length === 0 ? '' : `\u001b[${drawn.length}A\u001b[J`
    out.write(`${rubOut}${above}${lines.map((line) => `${line}\n`).join('')}`)
    drawn = lines
  }
  return {
    show: (snapshots) => {
      const columns = out.columns || columnsIfUnknown
      // A line that the terminal breaks would be two, and the next look would rub out too little.
      draw(
        '',
        snapshots.flatMap((each) => linesOf(each, columns)).map((line) => cut(line, columns - 1)),
      )
    },
    say: (line) => draw(`${line}\n`, drawn),
  }
}

/** Elsewhere: a line whenever a worker's state changed, each sayable without the ones before. */
export function sayLines(out: Out): Show {
  const last = new Map<string, string>()
  return {
    show: (snapshots) => {
      for (const snapshot of snapshots) {
        const line = `${snapshot.worker}: ${doneOf(snapshot)}${runningOf(snapshot)}, ${fleetOf(snapshot)}`
        if (last.get(snapshot.worker) === line) continue
        last.set(snapshot.worker, line)
        out.write(`${line}\n`)
      }
    },
    say: (line) => out.write(`${line}\n`),
  }
}

function linesOf(snapshot: Snapshot, columns: number): readonly string[] {
  const { worker, ended, total, running } = snapshot
  // What runs is part of the way too: with four long tasks the bar would stand still otherwise.
  const underWay = running.reduce((sum, { percent }) => sum + percent / 100, 0)
  const percent = total === 0 ? 0 : ((ended + underWay) / total) * 100
  const head = `${worker.padEnd(workerCells)} ${bar(percent)} ${doneOf(snapshot)}   ${fleetOf(snapshot)}`
  const cells = Math.max(labelCells.least, Math.min(labelCells.most, columns - besideLabelCells))
  return [head, ...running.slice(0, runningShown).map((task) => taskLine(task, cells))]
}

function taskLine({ label, percent, message }: Snapshot['running'][number], cells: number): string {
  const percentText = Math.round(percent).toString().padStart(3)
  return `  ${cut(label, cells).padEnd(cells)} ${bar(percent)} ${percentText} % ${message}`
}

function doneOf({ ended, total, failed }: Snapshot): string {
  return `${ended}/${total} done${failed > 0 ? `, ${failed} failed` : ''}`
}

function runningOf({ running }: Snapshot): string {
  if (running.length === 0) return ''
  const percent = running.reduce((sum, task) => sum + task.percent, 0) / running.length
  return `, ${running.length} running at ${Math.round(percent)} %`
}

function fleetOf({ instances, starting }: Snapshot): string {
  return `instances ${instances}${starting > 0 ? ` (+${starting} starting)` : ''}`
}

function bar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * barCells)
  return `${'█'.repeat(full)}${'░'.repeat(barCells - full)}`
}

function cut(text: string, cells: number): string {
  return text.length > cells ? `${text.slice(0, cells - 1)}…` : text
}

/** What one look at the hub saw of the example. */
export interface Snapshot {
  readonly total: number
  readonly ended: number
  readonly failed: number
  readonly instances: number
  readonly starting: number
  readonly running: readonly { readonly label: string; readonly percent: number; readonly message: string }[]
}

const barCells = 24
const runningShown = 8
const labelCells = 44

type Show = (snapshot: Snapshot) => void

/** On a terminal: one bar for all, one for each running task, drawn over the last look. */
export function drawBars(out: NodeJS.WritableStream): Show {
  let drawn = 0
  return (snapshot) => {
    const lines = [headLine(snapshot), ...snapshot.running.slice(0, runningShown).map(taskLine)]
    const up = drawn === 0 ? '' : `\u001b[${drawn}A`
    out.write(`${up}\u001b[J${lines.join('\n')}\n`)
    drawn = lines.length
  }
}

/** Elsewhere: a line whenever something changed, each sayable without the ones before. */
export function sayLine(out: NodeJS.WritableStream): Show {
  let last = ''
  return (snapshot) => {
    const { ended, total, failed, instances, starting, running } = snapshot
    const line = `${ended}/${total} done${failed > 0 ? `, ${failed} failed` : ''}, ${running.length} running, instances ${instances}${starting > 0 ? ` (+${starting} starting)` : ''}`
    if (line === last) return
    last = line
    out.write(`${line}\n`)
  }
}

function headLine({ ended, total, failed, instances, starting }: Snapshot): string {
  const percent = total === 0 ? 0 : (ended / total) * 100
  const fleet = `instances ${instances}${starting > 0 ? ` (+${starting} starting)` : ''}`
  return `${bar(percent)} ${ended}/${total} done${failed > 0 ? `, ${failed} failed` : ''}   ${fleet}`
}

function taskLine({ label, percent, message }: Snapshot['running'][number]): string {
  const cut = label.length > labelCells ? `${label.slice(0, labelCells - 1)}…` : label.padEnd(labelCells)
  return `  ${cut} ${bar(percent)} ${Math.round(percent).toString().padStart(3)} % ${message}`
}

function bar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * barCells)
  return `${'█'.repeat(full)}${'░'.repeat(barCells - full)}`
}

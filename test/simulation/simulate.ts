import { parseArgs } from 'node:util'
import { runSeed, type Verdict } from './run.ts'

/**
 * `npm run simulate -- --seeds N [--seed S] [--trace]`: the first failing seed is told with its trace. With `--all` each
 * failing seed is one line, and the others follow.
 */

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean' },
    all: { type: 'boolean' },
  },
})
const first = Number(values.seed ?? 1)
const count = Number(values.seeds ?? (values.seed === undefined ? 200 : 1))
const say = (text: string) => process.stdout.write(`${text}\n`)

const startedMs = performance.now()
const notes = new Map<string, number>()
let steps = 0
let failed: Verdict | undefined
for (let seed = first; seed < first + count && failed === undefined; seed++) {
  const verdict = await runSeed(seed, { wantsTrace: values.trace === true })
  steps += verdict.steps
  for (const [what, times] of verdict.notes) notes.set(what, (notes.get(what) ?? 0) + times)
  if (verdict.breach !== undefined && values.all === true) say(`seed ${seed} fails: ${verdict.breach}`)
  else if (verdict.breach !== undefined) failed = verdict
  else if (values.trace === true) for (const line of verdict.trace) say(line)
}
if (failed !== undefined) {
  const replay = await runSeed(failed.seed, { wantsTrace: true })
  for (const line of replay.trace) say(line)
  say(`seed ${failed.seed} fails: ${failed.breach}`)
  if (replay.breach !== failed.breach) say(`replayed differently: ${replay.breach}`)
  process.exitCode = 1
} else {
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
  say(`${count} seeds, ${steps} steps, ${seconds} s: nothing lost, nothing stuck`)
  for (const [what, times] of [...notes].sort()) say(`  ${String(times).padStart(7)}  ${what}`)
}

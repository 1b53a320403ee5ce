import { play } from './play.ts'
import { rowOf, titles } from './report.ts'
import { traces } from './traces.ts'

/** `node --import tsx test/scaler-simulation/run.ts [part of a name] [seed]`: what each trace came to, in a table. */

const [part = '', seed] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)

say(titles)
for (const trace of traces) {
  if (!trace.name.includes(part)) continue
  const outcome = await play(trace, seed === undefined ? {} : { seed: Number(seed) })
  say(rowOf(outcome))
  if (outcome.breach === undefined) continue
  say(`  ${outcome.breach}`)
  process.exitCode = 1
}

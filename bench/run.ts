/**
 * `npm run bench`: how fast this hub is beside its peers, on this machine, now. Figures never make it fail; only a
 * subject that breaks does. Compare ratios of one run, not absolutes of two.
 */
import { statfs, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { MEASURES } from './measures.ts'
import { choose, type Options, parseOptions, USAGE } from './options.ts'
import { runRounds } from './rounds.ts'
import { BATCH_SIZE, CONCURRENCY, type Subject } from './subject.ts'
import { makeSubjects } from './subjects.ts'
import { compare, medians, renderTable, type SubjectResult } from './table.ts'

const TMPFS_MAGIC = 0x01021994

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const renderLoad = (averages: readonly number[]): string => averages.map((load) => load.toFixed(2)).join(' ')

async function main(options: Options): Promise<void> {
  const chosen = choose(options.only, { subjects: makeSubjects(options), measures: MEASURES })
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    loadAverage: loadavg(),
    node: process.version,
    onMemoryFileSystem: (await statfs(options.folder)).type === TMPFS_MAGIC,
  }
  const { tasks, singles, samples } = options.sizes
  say(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`)
  say(`load average at the start ${renderLoad(machine.loadAverage)}`)
  say(`${options.rounds} rounds; ${tasks} no-op tasks in batches of ${BATCH_SIZE}, concurrency ${CONCURRENCY};`)
  say(`${singles} single submits, ${CONCURRENCY} at once; ${samples} latency samples`)
  if (machine.onMemoryFileSystem)
    say('The folder is in memory: a flush costs nothing there, so name another by --folder.')

  const subjects = await present(chosen.subjects)
  const { results, failures } = await runRounds({ ...options, ...chosen, subjects, say })
  say(`\n${renderTable(results)}\n`)
  say(`Load average at the end ${renderLoad(loadavg())}: anything but the bench in it blurs the figures.`)
  say('Ratios are medians of the rounds’ own ratios; above 1 is better than the peer in every row.')
  say('CPU time is per task, of the end-to-end measure; the kernel’s own work for flushes is not in it.')
  for (const { name, kept } of results) say(`${name}: ${kept}`)
  for (const failure of failures) say(`FAILED ${failure}`)
  if (options.jsonPath !== undefined) await writeFile(options.jsonPath, toJson(options, machine, results, failures))
  if (failures.length > 0) process.exitCode = 1
}

async function present(subjects: readonly Subject[]): Promise<readonly Subject[]> {
  const there: Subject[] = []
  for (const subject of subjects) {
    const reason = await subject.missing()
    if (reason === undefined) there.push(subject)
    else say(`${subject.name} is left out: ${reason}`)
  }
  return there
}

function toJson({ sizes }: Options, machine: object, results: readonly SubjectResult[], failures: readonly string[]) {
  const subjects = results.map((result) => ({ ...result, medians: medians(result) }))
  return `${JSON.stringify({ machine, sizes, subjects, comparisons: compare(results), failures }, null, 2)}\n`
}

// An interrupted bench takes its processes with it (see processes.ts).
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

try {
  await main(parseOptions(process.argv.slice(2)))
} catch (error) {
  say(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  process.exitCode = 2
}

import { readWorkers } from '#embedded/read-workers'
import { registerWorkers, type ServeOptions, serve } from '#embedded/serve'

type StartHubOptions = Pick<ServeOptions, 'workers' | 'reading'> & { readonly others: readonly string[] }

/** What `npm start` runs: a hub at this terminal, with the examples drawn over it. Answers the exit code. */
export function startHub({ others, ...of }: StartHubOptions): Promise<number> {
  const { env, stdout, stderr } = process
  const print = (line: string) => stdout.write(`${line}\n`)
  const printError = (line: string) => stderr.write(`${line}\n`)
  const base = { ...of, env, cwd: process.cwd(), print, printError }
  if (others.length === 0) return serve(base)
  const example = import('../examples/run-example.ts')
  const onOpen: ServeOptions['onOpen'] = async (hub) => {
    const addWorkers = (say: (line: string) => void) => registerWorkers(hub, readWorkers(others, base.cwd), say)
    return (await example).runExample({ endpoint: hub.endpoint, out: stdout, addWorkers })
  }
  // The example draws its own progress; TASKURAI_LOG=info shows what its instances say as well.
  return serve({ ...base, showsOutput: env.TASKURAI_LOG === 'info', onOpen })
}

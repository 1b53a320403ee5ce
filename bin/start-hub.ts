import { type ServeOptions, serve } from '#embedded/serve'

type StartHubOptions = Pick<ServeOptions, 'workers' | 'reading'> & { readonly hasExample: boolean }

/** What `npm start` runs: a hub at this terminal, with the example drawn over it. Answers the exit code. */
export function startHub({ hasExample, ...of }: StartHubOptions): Promise<number> {
  const { env, stdout, stderr } = process
  const print = (line: string) => stdout.write(`${line}\n`)
  const printError = (line: string) => stderr.write(`${line}\n`)
  const base = { ...of, env, cwd: process.cwd(), print, printError }
  if (!hasExample) return serve(base)
  const example = import('../examples/run-example.ts')
  // The example draws its own progress; TASKURAI_LOG=info shows what its instances say as well.
  const showsOutput = env.TASKURAI_LOG === 'info'
  return serve({
    ...base,
    showsOutput,
    onOpen: async ({ endpoint }) => (await example).runExample({ endpoint, out: stdout }),
  })
}

import { type ServeOptions, serve } from '#embedded/serve'

export interface StartHubOptions extends Pick<ServeOptions, 'workers' | 'reading'> {
  readonly hasExample: boolean
}

/** What `npm start` runs: a hub at this terminal, with the example drawn over it. Answers the exit code. */
export function startHub({ hasExample, ...of }: StartHubOptions): Promise<number> {
  const example = hasExample ? import('./run-example.ts') : undefined
  return serve({
    ...of,
    env: process.env,
    cwd: process.cwd(),
    print: (line) => process.stdout.write(`${line}\n`),
    printError: (line) => process.stderr.write(`${line}\n`),
    // The example draws its own progress; TASKURAI_LOG=info shows what its instances say instead.
    showsOutput: !hasExample || process.env.TASKURAI_LOG === 'info',
    ...(example === undefined
      ? {}
      : { onOpen: async ({ endpoint }) => (await example).runExample({ endpoint, out: process.stdout }) }),
  })
}

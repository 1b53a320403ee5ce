import type { TaskLife } from './life.ts'

/** All wait, for what neither time nor anybody in this test brings: patience would not help. */
export function stuck(root: TaskLife, open: readonly TaskLife[], now: Date): Error {
  const waiting = open.map(({ head }) => `${head.command} waits (${head.flow?.suspension?.on ?? head.status})`)
  const names = root.waits.flatMap(({ signal }) => (signal === undefined ? [] : [signal]))
  const others = open.filter((life) => life !== root && life.waits.some(({ signal }) => signal !== undefined))
  const ways = [
    ...names.map(
      (name) =>
        `Send it: signals: [{ name: '${name}', data }], or onWait: (_until, { signal }) => signal('${name}', data).`,
    ),
    ...others.map(
      ({ head }) =>
        `Signals go to the task under test alone: let a function stand in, subTasks: { '${head.command}': () => output }.`,
    ),
  ]
  const said = [...new Set([...ways])]
  return new Error(
    `Nothing happens any more at ${now.toISOString()} of the test: ${waiting.join('; ')}. ${said.join(' ')}`.trim(),
  )
}

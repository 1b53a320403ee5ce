import type { Scenario } from './run.ts'

/** What workflows cost (`npm run bench:aws -- --flows`): the price of one beside that of a plain task is what it adds. */

const fewSubTasks = 20
const manySubTasks = 1_000

export const flowScenarios: readonly Scenario[] = [
  { title: 'plain', task: { command: 'metered.plain' }, tasks: 100, pace: 'single, steady' },
  {
    title: '10 steps in one run',
    task: { command: 'metered.steps', arguments: { count: 10 } },
    tasks: 50,
    pace: 'single, steady',
  },
  { title: 'a sleep of a second', task: { command: 'metered.nap' }, tasks: 50, pace: 'single, steady' },
  {
    title: 'a signal waited for',
    task: { command: 'metered.signal' },
    tasks: 40,
    pace: 'single, steady',
    mostMs: 60_000,
    afterwards: async ({ client }, ids) => {
      for (const id of ids) await client.signal(id, 'go')
    },
  },
  {
    title: 'a plain task and one that depends on it',
    task: { command: 'metered.plain' },
    tasks: 50,
    ends: 100,
    pace: 'single, steady',
    mostMs: 60_000,
    afterwards: async ({ client }, ids) => {
      for (const id of ids) await client.submit('metered.plain', {}, { dependsOn: [id] })
    },
  },
  {
    title: `${fewSubTasks} sub tasks`,
    task: { command: 'metered.fan', arguments: { count: fewSubTasks } },
    tasks: 10,
    // Each sub task and each parent ends, and is then told of the other's end.
    ends: 10 * (fewSubTasks * 2 + 2),
    pace: 'single, steady',
    mostMs: 90_000,
  },
  {
    title: `${manySubTasks} sub tasks`,
    task: { command: 'metered.fan', arguments: { count: manySubTasks } },
    tasks: 1,
    ends: manySubTasks * 2 + 2,
    pace: 'single, steady',
    mostMs: 240_000,
    isSpread: true,
  },
]

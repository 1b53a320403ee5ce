/** The tasks that `npm start` submits: a report on all flights, and one on each of three large airports. */
import type { NewTask } from 'taskurai/client'

const airports = ['ORD', 'ATL', 'JFK'] as const

export const exampleTasks = (): NewTask[] => [
  { command: 'report.delays', arguments: {}, subject: 'Delays of all flights', externalId: 'delays' },
  ...airports.map((airport) => ({
    command: 'report.delays',
    arguments: { airport },
    subject: `Delays of flights from ${airport}`,
    externalId: `delays-${airport}`,
    tags: { airport },
  })),
]

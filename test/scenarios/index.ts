import { envelopes } from './envelopes.ts'
import { faults } from './faults.ts'
import { files } from './files.ts'
import { fleets } from './fleets.ts'
import { live } from './live.ts'
import { logs } from './logs.ts'
import { search } from './search.ts'
import { times } from './times.ts'
import { workflows } from './workflows.ts'

/** Every scenario, by what it is about. */
export const scenarios = { envelopes, times, fleets, faults, files, live, logs, search, workflows } as const

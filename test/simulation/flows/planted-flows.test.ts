import { describe } from 'vitest'
import { itFinds } from '../finds.ts'
import { plantedFlows } from './planted-flows.ts'

describe('the simulator finds a planted mistake of workflows', () => {
  itFinds(plantedFlows, { seedsMost: 200, timeoutMs: 240_000 })
})

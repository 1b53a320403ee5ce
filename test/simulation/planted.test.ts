import { describe } from 'vitest'
import { itFinds } from './finds.ts'
import { planted } from './planted.ts'

describe('the simulator finds a planted mistake', () => {
  itFinds(planted, { seedsMost: 150, timeoutMs: 120_000 })
})

import { scenarios } from '../scenarios/index.ts'
import { playEmbedded } from '../support/play-scenarios.ts'

const { fleets, faults } = scenarios
playEmbedded({ fleets, faults })

import { scenarios } from '../scenarios/index.ts'
import { playEmbedded } from '../support/play-scenarios.ts'

playEmbedded('fleets', scenarios.fleets)
playEmbedded('faults', scenarios.faults)

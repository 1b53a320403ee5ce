import { scenarios } from '../scenarios/index.ts'
import { playEmbedded } from '../support/play-scenarios.ts'

const { envelopes, search, times } = scenarios
playEmbedded({ envelopes, search, times })

import { scenarios } from '../scenarios/index.ts'
import { playEmbedded } from '../support/play-scenarios.ts'

const { envelopes, times } = scenarios
playEmbedded({ envelopes, times })

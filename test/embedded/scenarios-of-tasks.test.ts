import { scenarios } from '../scenarios/index.ts'
import { playEmbedded } from '../support/play-scenarios.ts'

playEmbedded('envelopes', scenarios.envelopes)
playEmbedded('times', scenarios.times)

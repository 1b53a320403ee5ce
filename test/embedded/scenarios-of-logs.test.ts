import { scenarios } from '../scenarios/index.ts'
import { playEmbedded } from '../support/play-scenarios.ts'

const { logs } = scenarios
playEmbedded({ logs })

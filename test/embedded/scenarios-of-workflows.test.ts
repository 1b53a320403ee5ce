import { scenarios } from '../scenarios/index.ts'
import { playEmbedded } from '../support/play-scenarios.ts'

playEmbedded({ workflows: scenarios.workflows })

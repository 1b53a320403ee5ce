/**
 * The one-machine hub, for programs that carry their own.
 *
 * @example
 * import { openHub } from 'taskurai/embedded'
 * const outcome = await openHub({ dataFolder: '.taskurai', log: console, onBroken: () => process.exit(1) })
 * if (outcome.kind === 'refused') throw new Error(outcome.message)
 * await outcome.hub.close()
 */
export type { Hub, HubOptions, OpenOutcome } from './hub.ts'
export { openHub } from './hub.ts'
export { type ServeOptions, serve } from './serve.ts'

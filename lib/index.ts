/**
 * A hub and its workers as constructs for your CDK app.
 *
 * @example
 * import { App, Stack } from 'aws-cdk-lib'
 * import { TaskHub } from 'taskurai/cdk'
 *
 * const stack = new Stack(new App(), 'Tasks')
 * const hub = new TaskHub(stack, 'Hub')
 * hub.addWorker({ module: 'worker.ts', image: { directory: '.' } })
 */
export type { Throttle } from './api.ts'
export type { SubmitOptions } from './grants.ts'
export { Hub } from './hub.ts'
export type { EventStatus, EventsOut, TaskHubProps } from './hub-props.ts'
export type { EventTask } from './on-event.ts'
export type { TableOptions } from './table.ts'
export { TaskHub } from './task-hub.ts'
export { TaskWorker } from './task-worker.ts'
export type { ImageFolder, WorkerProps, WorkerScaling } from './worker-props.ts'

/**
 * Tests of commands, without a hub and without waiting. For any test framework.
 *
 * @example
 * import { testCommand } from 'taskurai/testing'
 *
 * const run = await testCommand(greet, { name: 'Ada' })
 * assert.equal(run.output, 'Hello Ada!')
 */
export { type CommandOf, commandOf } from './command-of.ts'
export type { TestCommandOptions, TestControl, TestHooks, TestSignal } from './options.ts'
export type { StandIn, StandIns, SubTaskCall } from './stand-ins.ts'
export { testCommand } from './test-command.ts'
export type { TestedFile, TestSource } from './test-files.ts'
export type {
  RunOutcome,
  TestedLog,
  TestedProgress,
  TestedRun,
  TestedStep,
  TestedSubTask,
  TestedTask,
  TestedWait,
} from './tested-task.ts'
export { TestTime } from './time.ts'

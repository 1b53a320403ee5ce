import { extensionOf, type ProjectSpec, text } from './project.ts'

/** A first command that shows what there is: schemas, a policy, log, progress. The same text in both languages. */
export function workerModule({ name }: ProjectSpec): string {
  return text(
    "import { defineCommand, defineWorker } from 'taskurai/worker'",
    "import { z } from 'zod'",
    '',
    'export const greet = defineCommand(',
    '  {',
    `    name: '${name}.greet',`,
    '    input: z.object({ name: z.string().min(1) }),',
    '    output: z.object({ greeting: z.string() }),',
    '    retry: { maxRuns: 3 },',
    '    timeoutSeconds: 60,',
    '  },',
    '  // It may run twice, when its machine dies in the middle: make what it does repeatable.',
    '  async (ctx, { name }) => {',
    "    ctx.log.info('greeting', { name })",
    "    ctx.progress(50, 'thinking of something nice')",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a template
    '    return { greeting: `Hello ${name}!` }',
    '  },',
    ')',
    '',
    `export default defineWorker({ name: '${name}', commands: [greet], concurrency: 4 })`,
  )
}

export function testModule({ language }: ProjectSpec): string {
  return text(
    "import assert from 'node:assert/strict'",
    "import { test } from 'node:test'",
    "import { testCommand } from 'taskurai/testing'",
    `import { greet } from '../worker.${extensionOf(language)}'`,
    '',
    "test('greets by name', async () => {",
    "  const run = await testCommand(greet, { name: 'Ada' })",
    "  assert.equal(run.status, 'succeeded')",
    "  assert.deepEqual(run.output, { greeting: 'Hello Ada!' })",
    '})',
    '',
    "test('does not greet nobody', async () => {",
    "  const run = await testCommand(greet, { name: '' })",
    "  assert.equal(run.status, 'failed')",
    "  assert.equal(run.error?.code, 'invalid-input')",
    '})',
  )
}

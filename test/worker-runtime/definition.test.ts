import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { defineCommand, defineWorker, toManifest, type WorkerSpec } from '#worker-runtime/index'

const greet = defineCommand({
  name: 'greet',
  input: z.object({ name: z.string(), times: z.int().default(1) }),
  output: z.object({ words: z.string() }),
  retry: { maxRuns: 2 },
  timeoutSeconds: 5,
})

const workerOf = (schemas: { input?: z.ZodType; output?: z.ZodType }) =>
  defineWorker({ name: 'w', commands: [defineCommand({ name: 'c', ...schemas }, () => undefined)] })

describe('a worker definition', () => {
  it('gives its handlers typed input with defaults, and holds them to the typed output', () => {
    const command = defineCommand(greet, (ctx, input) => {
      expectTypeOf(input).toEqualTypeOf<{ name: string; times: number }>()
      expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>()
      return { words: input.name.repeat(input.times) }
    })
    // @ts-expect-error a number is not what the output's schema takes
    defineCommand(greet, () => ({ words: 1 }))
    expect(command).toMatchObject({ name: 'greet', version: 1, kind: 'command' })
  })

  it('becomes a manifest with JSON Schemas', () => {
    const definition = defineWorker({
      name: 'greeter',
      commands: [defineCommand(greet, ({ isLastRun }) => ({ words: String(isLastRun) }))],
      concurrency: 4,
      leaseSeconds: 30,
      scaling: { max: 2 },
    })
    expect(toManifest(definition)).toEqual({
      manifest: 1,
      name: 'greeter',
      concurrency: 4,
      idleSeconds: 30,
      scaling: { min: 0, max: 2 },
      commands: [
        {
          name: 'greet',
          version: 1,
          fallback: true,
          timeoutSeconds: 5,
          leaseSeconds: 30,
          retry: { maxRuns: 2, minSeconds: 1, maxSeconds: 300, factor: 2, jitter: 'full' },
          input: {
            type: 'object',
            properties: {
              name: { type: 'string' },
              times: { type: 'integer', default: 1, minimum: -9007199254740991, maximum: 9007199254740991 },
            },
            required: ['name'],
          },
          output: {
            type: 'object',
            properties: { words: { type: 'string' } },
            required: ['words'],
            additionalProperties: false,
          },
        },
      ],
    })
  })

  it('says which command takes every version: one that was defined without', () => {
    const handler = () => ({ words: '' })
    const flagsOf = (...commands: WorkerSpec['commands']) => {
      const manifest = toManifest(defineWorker({ name: 'w', commands }))
      return manifest.commands.map(({ version, fallback }) => [version, fallback])
    }
    expect(flagsOf(defineCommand({ ...greet, version: 2 }, handler))).toEqual([[2, undefined]])
    expect(flagsOf(defineCommand(greet, handler), defineCommand({ ...greet, version: 3 }, handler))).toEqual([
      [1, true],
      [3, undefined],
    ])
    expect(flagsOf(defineCommand({ ...greet, timeoutSeconds: 9 }, handler))).toEqual([[1, true]])
    expect(flagsOf(defineCommand({ name: 'c', version: 1 }, handler))).toEqual([[1, undefined]])
  })

  it('has the isolation key of whoever starts it by hand', () => {
    const definition = workerOf({})
    expect(toManifest(definition)).not.toHaveProperty('isolationKey')
    expect(toManifest({ ...definition, isolationKey: 'ann' })).toMatchObject({
      name: definition.name,
      isolationKey: 'ann',
    })
    expect(() => toManifest({ ...definition, isolationKey: 'Ann!' })).toThrow(/an isolation key has lower-case letters/)
  })

  it('keeps the pattern a user wrote and drops the one that zod puts beside a format', () => {
    const input = z.object({ day: z.iso.date(), mail: z.email(), code: z.string().regex(/^[A-Z]+$/) })
    expect(toManifest(workerOf({ input })).commands[0]?.input).toMatchObject({
      properties: {
        day: { type: 'string', format: 'date' },
        mail: { type: 'string', format: 'email' },
        code: { type: 'string', pattern: '^[A-Z]+$' },
      },
    })
    expect(JSON.stringify(toManifest(workerOf({ input })))).not.toContain('02-29')
  })

  it.each([
    ['a date', { input: z.object({ order: z.object({ at: z.date() }) }) }, /input of command c@1.*\/order\/at.*Date/],
    ['a bigint', { input: z.object({ amounts: z.array(z.bigint()) }) }, /input of command c@1.*\/amounts.*BigInt/],
    ['a transform', { output: z.object({ n: z.string().transform(Number) }) }, /output of command c@1.*\/n.*ransform/],
  ])('says which field of which command cannot travel: %s', (_what, schemas, message) => {
    expect(() => toManifest(workerOf(schemas))).toThrow(message)
  })

  it('refuses schemas of libraries that look like data', () => {
    class Odd {
      readonly type = 'object'
      safeParse() {}
    }
    const of = (input: object) => () =>
      toManifest(defineWorker({ name: 'w', commands: [defineCommand({ name: 'c', input: Object(input) }, () => 1)] }))
    expect(of(new Odd())).toThrow(/input of command c@1.*found a Odd/)
    expect(of({ _def: {}, safeParse: () => undefined })).toThrow(/a schema of zod 3/)
    expect(of(Object.create(null))).not.toThrow()
  })

  it('takes plain JSON Schema, and refuses what is no schema', () => {
    const input = { type: 'object', properties: { n: { type: 'number' } } }
    const definition = defineWorker({ name: 'w', commands: [defineCommand({ name: 'c', input }, () => 1)] })
    expect(toManifest(definition).commands[0]?.input).toEqual(input)
  })

  it('is refused with bad names, doubled commands and contracts without handlers', () => {
    const c = defineCommand({ name: 'c' }, () => 1)
    expect(() => defineWorker({ name: 'Bad Name', commands: [c] })).toThrow(/worker name/)
    expect(() => defineWorker({ name: 'w', commands: [c, c] })).toThrow(/c@1 twice/)
    expect(() => defineWorker({ name: 'w', commands: [c], concurrency: 0 })).toThrow(/concurrency/)
    expect(() => defineWorker({ name: 'w', commands: [] })).toThrow(/commands/)
    // @ts-expect-error a contract has no handler
    expect(() => defineWorker({ name: 'w', commands: [greet] })).toThrow(/greet@1 of w has no handler/)
  })
})

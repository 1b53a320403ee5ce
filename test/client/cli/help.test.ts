import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '#client/cli/program'
import { memoryStream, oneChunk, startCli } from '../../support/cli.ts'

const program = createProgram(
  {
    world: {
      ...{ argv: [], stdout: memoryStream(), stderr: memoryStream(), stdin: oneChunk('') },
      ...{ env: {}, cwd: '/', isTerminal: false, version: '1.2.3' },
    },
    exitCode: 0,
  },
  () => undefined,
)

function allOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allOf)]
}

const commands = allOf(program).slice(1)
const pathOf = (command: Command): string =>
  command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

describe.each(commands.map((command) => [pathOf(command), command] as const))('%s', (path, command) => {
  it('tells in its help what it is for, by example, and how it exits', async () => {
    await using cli = await startCli()
    const { code, out, err } = await cli.run([...path.split(' '), '--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(new RegExp(`^Usage: taskurai ${path} `))
    expect(out).toMatch(/\nExamples:\n {2}\S/)
    expect(out).toMatch(/\nExit codes:\n {2}0 {2}done/)
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
    expect(command.summary()).not.toBe('')
  })

  it('gives examples of calls that there are', async () => {
    await using cli = await startCli()
    const { out } = await cli.run([...path.split(' '), '--help'])
    const examples = /\nExamples:\n([\s\S]*?)\n\nExit codes:/.exec(out)?.[1] ?? ''
    const calls = [...examples.matchAll(/taskurai ([^|\n)]*)/g)].map(
      ([, words = '']) => words.split(/ {2}#| > |; /)[0] ?? '',
    )
    expect(calls.length).toBeGreaterThan(0)
    for (const call of calls) expect(unknownIn(call), call).toEqual([])
  })
})

/** Words of a call that are no commands and options of the program. */
function unknownIn(call: string): readonly string[] {
  const words = call
    .replaceAll(/"[^"]*"|'[^']*'/g, 'text')
    .trim()
    .split(/\s+/)
  let at = program
  const unknown: string[] = []
  for (const word of words) {
    const next = at.commands.find((command) => command.name() === word)
    if (next !== undefined && at.registeredArguments.length === 0) at = next
    else if (at === program) unknown.push(word)
    if (/^--?[a-z]/.test(word) && !at.options.some(({ long, short }) => long === word || short === word))
      unknown.push(word)
  }
  return unknown
}

it('the program lists every command under what a person is at, and its environment', async () => {
  await using cli = await startCli()
  const { out } = await cli.run(['--help'])
  for (const command of program.commands) expect(out).toMatch(new RegExp(`\n {2}${command.name()} +\\S`))
  expect(out.match(/\n\S.*:\n/g)?.map((heading) => heading.trim())).toEqual([
    'Options:',
    'Tasks:',
    'Workers:',
    'Making a worker:',
    'The hub:',
    'This program:',
    'Exit codes:',
    'Environment:',
  ])
  expect((await cli.run(['help', 'keys', 'add'])).code).toBe(0)
  expect((await cli.run(['help', 'submit'])).out).toMatch(/^Usage: taskurai submit/)
})

it('is coloured on a terminal only', async () => {
  await using cli = await startCli()
  const stdout = memoryStream(100)
  await cli.run(['--help'], { stdout, isTerminal: true })
  expect(stdout.text()).toContain('\u001b[1mTasks:\u001b[22m')
  expect((await cli.run(['--help'])).out).not.toContain('\u001b')
})

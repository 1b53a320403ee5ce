/** The command line of the bench. */
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Sizes } from './measures.ts'

export interface Options {
  readonly rounds: number
  readonly sizes: Sizes
  /** Names of subjects and measures, mixed; empty means all. */
  readonly only: readonly string[]
  readonly jsonPath: string | undefined
  readonly folder: string
}

export const MAX_ROUNDS = 100
export const MAX_TASKS = 1_000_000

export const USAGE =
  'npm run bench -- [--rounds 3] [--only <subject or measure>,…] [--json <path>] [--folder <where stores are made>]\n' +
  '                 [--tasks 20000] [--singles 5000] [--samples 300]'

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      tasks: { type: 'string', default: '20000' },
      singles: { type: 'string', default: '5000' },
      samples: { type: 'string', default: '300' },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      folder: { type: 'string', default: tmpdir() },
    },
  })
  return {
    rounds: count('rounds', values.rounds, MAX_ROUNDS),
    sizes: {
      tasks: count('tasks', values.tasks, MAX_TASKS),
      singles: count('singles', values.singles, MAX_TASKS),
      samples: count('samples', values.samples, MAX_TASKS),
    },
    only: values.only.flatMap((names) => names.split(',')).filter((name) => name !== ''),
    jsonPath: values.json,
    folder: values.folder,
  }
}

/** Keeps the subjects and the measures that `only` names; where it names none of a kind, all of that kind stay. */
export function choose<S extends { readonly name: string }, M extends { readonly name: string }>(
  only: readonly string[],
  from: { readonly subjects: readonly S[]; readonly measures: readonly M[] },
): { readonly subjects: readonly S[]; readonly measures: readonly M[] } {
  const names = [...from.subjects, ...from.measures].map(({ name }) => name)
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`--only knows ${names.join(', ')}, not ${unknown.join(', ')}`)
  const keep = <T extends { readonly name: string }>(all: readonly T[]): readonly T[] => {
    const named = all.filter(({ name }) => only.includes(name))
    return named.length > 0 ? named : all
  }
  return { subjects: keep(from.subjects), measures: keep(from.measures) }
}

function count(name: string, text: string, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max) throw new Error(`--${name} is a number from 1 to ${max}`)
  return value
}

import { isArnLike, isLike } from './patterns.ts'

/** The conditions of a statement. What is not known here is an error of the test, and never a guess. */

export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>

/** What a request tells of itself, by names in lower case; `undefined` is known to be absent. */
export type Context = Readonly<Record<string, string | undefined>>

type Compare = (wanted: string, value: string) => boolean

const operators: Readonly<Record<string, Compare>> = {
  StringEquals: (wanted, value) => wanted === value,
  StringLike: isLike,
  // The two differ in their names only.
  ArnEquals: isArnLike,
  ArnLike: isArnLike,
  Bool: (wanted, value) => wanted.toLowerCase() === value.toLowerCase(),
  NumericEquals: (wanted, value) => Number(value) === Number(wanted),
  NumericLessThan: (wanted, value) => Number(value) < Number(wanted),
}

/** True of a request without the key, as it is true of one with another value. */
const negated: Readonly<Record<string, Compare>> = {
  StringNotEquals: (wanted, value) => wanted !== value,
  StringNotLike: (wanted, value) => !isLike(wanted, value),
  ArnNotEquals: (wanted, value) => !isArnLike(wanted, value),
  ArnNotLike: (wanted, value) => !isArnLike(wanted, value),
}

/** All operators and all keys have to hold, and one of the values of each; of those that say "not", every one. */
export function doHold(conditions: Conditions, context: Context): boolean {
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, [wanted].flat(), toldOf(context, key))),
  )
}

function holds(operator: string, wanted: readonly string[], value: string | undefined): boolean {
  if (operator === 'Null') return wanted.some((each) => (each === 'true') === (value === undefined))
  const not = negated[operator]
  if (not !== undefined) return value === undefined || wanted.every((each) => not(each, value))
  const compare = operators[operator]
  if (compare === undefined) throw new Error(`the condition operator ${operator} is not known to these tests`)
  return value !== undefined && wanted.some((each) => compare(each, value))
}

function toldOf(context: Context, key: string): string | undefined {
  const name = key.toLowerCase()
  if (!(name in context)) throw new Error(`these tests do not know what ${key} is in such a request`)
  return context[name]
}

import { ApiError } from '#core/contract/errors'
import { iso } from '#core/wire'

/** Why a task of this command is refused, and what the caller could have asked for instead. */

export interface Asked {
  readonly name: string
  readonly version: number | undefined
  readonly isolationKey: string | undefined
}

interface Registrations {
  readonly byKey: ReadonlyMap<string | undefined, ByName>
  readonly removed: ReadonlyMap<string, { readonly worker: string; readonly at: number }>
}

type ByName = ReadonlyMap<string, readonly { readonly resolved: { readonly version: number } }[]>

const namesTold = 20

export function unknownCommand({ byKey, removed }: Registrations, { name, version, isolationKey }: Asked): ApiError {
  const byName: ByName = byKey.get(isolationKey) ?? new Map()
  const under = isolationKey === undefined ? '' : ` under the isolation key ${isolationKey}`
  const versions = byName.get(name)
  if (versions !== undefined) {
    const there = versions.map((command) => command.resolved.version).join(', ')
    return new ApiError('unknown-command', `${name} has no version ${version}${under}; registered: ${there}`)
  }
  const elsewhere = otherKeys(byKey, name)
  if (elsewhere !== undefined) {
    const asked = isolationKey === undefined ? 'without an isolation key' : `under the isolation key ${isolationKey}`
    return new ApiError('unknown-command', `no worker has registered ${name} ${asked}; it is there ${elsewhere}`)
  }
  const gone = removed.get(name)
  if (gone !== undefined) {
    const when = `the worker ${gone.worker}, which hosted it, was removed on ${iso(gone.at)}`
    return new ApiError('unknown-command', `${name} is not taken any more: ${when}. Deploy that worker again first`)
  }
  const how = 'register its worker first (taskurai serve --worker <module>, or PUT /v1/workers/{name})'
  const there = `Registered commands${under}: ${listed([...byName.keys()]) ?? 'none so far'}`
  return new ApiError('unknown-command', `no worker has registered ${name}${under}; ${how}. ${there}`)
}

/** Under which other keys a command is there, in words; undefined: under none. */
function otherKeys(byKey: Registrations['byKey'], name: string): string | undefined {
  const keys = [...byKey].flatMap(([key, byName]) => (byName.has(name) ? [key] : []))
  const named = listed(keys.filter((key) => key !== undefined))
  const shared = keys.includes(undefined) ? 'without a key' : undefined
  const under = named === undefined ? undefined : `under ${named}`
  return [shared, under].filter((words) => words !== undefined).join(', and ') || undefined
}

function listed(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  const more = names.length > namesTold ? ` and ${names.length - namesTold} more` : ''
  return `${names.slice(0, namesTold).join(', ')}${more}`
}

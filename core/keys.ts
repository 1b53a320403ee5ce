import type { Key } from './ports.ts'

/** The single table's keys (design §4). Nothing else in the program spells them. */

export const headSk = 'HEAD'

export function headKey(taskId: string): Key {
  return { pk: `T#${taskId}`, sk: headSk }
}

export function taskIdOf(pk: string): string {
  return pk.slice(2)
}

export function isTaskPk(pk: string): boolean {
  return pk.startsWith('T#')
}

/** Sub items carry the head's birth, so that an id that comes back after its retention finds nothing old (protocol 30). */
export function bodyKey(taskId: string, born: string): Key {
  return { pk: `T#${taskId}`, sk: `BODY#${born}` }
}

/** Result or error of one run: a run that lost leaves its own behind, never another's (protocol 7). */
export function outcomeKey(taskId: string, born: string, run: string): Key {
  return { pk: `T#${taskId}`, sk: `${outcomePrefix(born)}${run}` }
}

export function outcomePrefix(born: string): string {
  return `OUT#${born}#`
}

/** A step that is over: one item, so that its result has one writer (protocol 17). */
export function stepKey(taskId: string, born: string, step: string): Key {
  return { pk: `T#${taskId}`, sk: `${stepPrefix(born)}${step}` }
}

export function stepPrefix(born: string): string {
  return `STEP#${born}#`
}

/** A wait that is open, or what is kept of a step before it is over. */
export function waitKey(taskId: string, born: string, step: string): Key {
  return { pk: `T#${taskId}`, sk: `${waitPrefix(born)}${step}` }
}

export function waitPrefix(born: string): string {
  return `WAIT#${born}#`
}

/** One marker for all sub tasks of a step, in one era: their ids follow from it (protocol 20, 21). */
export function childrenKey(taskId: string, born: string, step: string, era: number): Key {
  return { pk: `T#${taskId}`, sk: `${childrenPrefix(born)}${step}#${era}` }
}

export function childrenPrefix(born: string): string {
  return `CHILD#${born}#`
}

/** How many ends one set holds: fewer bytes than one write unit. */
export const joinChunk = 200

export interface JoinOf {
  readonly taskId: string
  readonly born: string
  readonly step: string
  readonly era: number
  readonly count: number
}

/**
 * A set of ended sub tasks, by their places (protocol 22). Where there are more than one set holds, each set has a
 * partition of its own, so that no key takes the writes of all.
 */
export function joinKey({ taskId, born, step, era, count }: JoinOf, chunk: number, what: 'ended' | 'failed'): Key {
  const sk = `JOIN#${born}#${step}#${era}#${what}`
  return count <= joinChunk ? { pk: `T#${taskId}`, sk } : { pk: `J#${taskId}#${chunk}`, sk }
}

/** The full sets (`ended`), or those in which something failed, of a wait that has several. */
export function joinTopKey({ taskId, born, step, era }: JoinOf, what: 'ended' | 'failed'): Key {
  return { pk: `T#${taskId}`, sk: `JOIN#${born}#${step}#${era}#top-${what}` }
}

/** The step name under which a task's dependencies are joined: no step can be called so. */
export const dependenciesStep = '.dependencies'

export function signalKey(taskId: string, born: string, name: string, id: string): Key {
  return { pk: `T#${taskId}`, sk: `${signalPrefix(born)}${name}#${id}` }
}

export function signalPrefix(born: string): string {
  return `SIG#${born}#`
}

export function isSignalSk(sk: string): boolean {
  return sk.startsWith('SIG#')
}

/** What a task depends on, in order. */
export function dependenciesKey(taskId: string, born: string): Key {
  return { pk: `T#${taskId}`, sk: `DEP#${born}` }
}

/** In the partition of a dependency: who waits for its end. */
export function waiterKey(dependency: string, waiter: string): Key {
  return { pk: `T#${dependency}`, sk: `${waiterPrefix}${waiter}` }
}

export const waiterPrefix = 'WAITER#'

/** A batch whose tasks depend on each other: its commit point (protocol 27). */
export function batchKey(batchId: string): Key {
  return { pk: `B#${batchId}`, sk: 'BATCH' }
}

export function isBatchPk(pk: string): boolean {
  return pk.startsWith('B#')
}

export function batchIdOf(pk: string): string {
  return pk.slice(2)
}

/** A portion of a batch that is too large for one item. */
export function batchPartKey(batchId: string, born: string, index: number): Key {
  return { pk: `B#${batchId}`, sk: `${batchPartPrefix(born)}${String(index).padStart(4, '0')}` }
}

export function batchPartPrefix(born: string): string {
  return `PART#${born}#`
}

const retryPrefix = 'RETRY#'

/** What followed from a change of a task and could not be done: it waits in the due index (protocol 37). */
export function retryKey(taskId: string, what: string): Key {
  return { pk: `T#${taskId}`, sk: `${retryPrefix}${what}` }
}

export function isRetrySk(sk: string): boolean {
  return sk.startsWith(retryPrefix)
}

export const registryPk = 'REGISTRY'

export function registryKey(worker: string): Key {
  return { pk: registryPk, sk: `WORKER#${worker}` }
}

export function fleetKey(worker: string): Key {
  return { pk: `W#${worker}`, sk: 'FLEET' }
}

export const instancePrefix = 'INST#'

export function instanceKey(worker: string, instance: string): Key {
  return { pk: `W#${worker}`, sk: `${instancePrefix}${instance}` }
}

/** What the check run of a generation told: its manifest. */
export function checkKey(worker: string, generation: string): Key {
  return { pk: `W#${worker}`, sk: `CHECK#${generation}` }
}

/** What one receive of an instance granted. */
export function toldKey(worker: string, instance: string, nonce: string): Key {
  return { pk: `W#${worker}`, sk: `TOLD#${instance}#${nonce}` }
}

export const commandPrefix = 'CMD#'

export function commandKey(worker: string, name: string, version: number): Key {
  return { pk: `W#${worker}`, sk: `${commandPrefix}${name}#${version}` }
}

/** The shard of a task: always the same for the same id, evenly spread. (FNV-1a, 32 bits.) */
export function shardOf(taskId: string, shards: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < taskId.length; index++) {
    hash = Math.imul(hash ^ taskId.charCodeAt(index), 0x01000193)
  }
  // The low bits of the hash alone are uneven for ids of one millisecond.
  return ((hash ^ (hash >>> 15)) >>> 0) % shards
}

/** A directory row: one partition a dimension, shard and month; rows sort by the time of creation. */
export function rowPk(dimension: string, shard: number, month: string): string {
  return `D#${dimension}#${shard}#${month}`
}

export function rowSk(createdAt: number, taskId: string): string {
  return `${timeKey(createdAt)}#${taskId}`
}

/** Fixed width, so that text order is time order until the year 2286. */
export function timeKey(time: number): string {
  return String(Math.max(0, Math.floor(time))).padStart(13, '0')
}

/** `2026-11` of an epoch time in UTC. */
export function monthOf(time: number): string {
  return new Date(time).toISOString().slice(0, 7)
}

export function clockStateKey(name: string): Key {
  return { pk: 'CLOCK', sk: name }
}

/** A payload and who uses it lie in one partition. */
export function payloadKey(id: string): Key {
  return { pk: `P#${id}`, sk: 'PAYLOAD' }
}

export const payloadUsePrefix = 'USE#'

export function payloadUseKey(id: string, taskId: string, born: string): Key {
  return { pk: `P#${id}`, sk: `${payloadUsePrefix}${taskId}#${born}` }
}

export function taskOfUse(sk: string): { readonly taskId: string; readonly born: string } {
  const [taskId = '', born = ''] = sk.slice(payloadUsePrefix.length).split('#')
  return { taskId, born }
}

/** Payloads by the time at which they are to be looked at next. */
export const payloadRowsPk = 'PAYLOADS'

export function payloadRowKey(time: number, id: string): Key {
  return { pk: payloadRowsPk, sk: `${timeKey(time)}#${id}` }
}

/** Rows up to here have a time before this one. */
export function payloadRowTo(time: number): string {
  return timeKey(time)
}

export function payloadOfRow(sk: string): string {
  return sk.slice(sk.indexOf('#') + 1)
}

/** Who may watch what: the token's id is in the token, of its secret the hash is kept. */
export function watchTokenKey(tokenId: string): Key {
  return { pk: `K#watch#${tokenId}`, sk: 'TOKEN' }
}

/** All who watch one task or subject. A subject's value is hashed: it may be any text, and is nobody else's business. */
export function watchersPk(scopeKey: string): string {
  return `WS#${scopeKey}`
}

export const watcherPrefix = 'CONN#'

export function watcherKey(scopeKey: string, connectionId: string): Key {
  return { pk: watchersPk(scopeKey), sk: `${watcherPrefix}${connectionId}` }
}

/** One connection by its id: all that its end tells. */
export function connectionKey(connectionId: string): Key {
  return { pk: `WC#${connectionId}`, sk: 'CONN' }
}

const liveRetry = '#live'

/** The end of a task that a watcher could not be told. In the key is its birth, so that it goes with the task. */
export function liveRetryKey(taskId: string, born: string): Key {
  return retryKey(taskId, `${born}${liveRetry}`)
}

export function isLiveRetrySk(sk: string): boolean {
  return isRetrySk(sk) && sk.endsWith(liveRetry)
}

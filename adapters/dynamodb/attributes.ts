import type { Head } from '#core/head'
import { headSk, isTaskPk, shardOf } from '#core/keys'
import type { Item, Key } from '#core/ports'
import { type Attributes, headAttributes, headFields } from './head-attributes.ts'

/**
 * Items and their attributes. Heads are flat (head-attributes.ts); of everything else `data` is JSON text, so that a
 * stranger's numbers and keys come back as they were. TTL counts seconds: an item never goes before its time.
 */

/** The sparse index of what is due: its partition key, where an item is in it at all. */
export const dueIndex = 'due'
const secondMs = 1_000

export function keyAttributes({ pk, sk }: Key): Attributes {
  return { pk: { S: pk }, sk: { S: sk } }
}

export function toAttributes(item: Item, dueShards: number): Attributes {
  const attributes: Attributes = { ...keyAttributes(item), born: { S: item.born }, n: { N: String(item.n) } }
  if (item.due !== undefined) {
    attributes.due = { N: String(item.due) }
    attributes.dueShard = { S: String(shardOf(item.pk, dueShards)) }
  }
  if (item.expiresAt !== undefined) {
    const seconds = Math.ceil(item.expiresAt / secondMs)
    const earlierMs = seconds * secondMs - item.expiresAt
    attributes.expiresAt = { N: String(seconds) }
    if (earlierMs > 0) attributes.expiresEarlierMs = { N: String(earlierMs) }
  }
  if (isHead(item)) return { ...attributes, ...headAttributes(item.data as Head) }
  const text = JSON.stringify(item.data)
  if (text !== undefined) attributes.data = { S: text }
  return attributes
}

export function toItem(attributes: Attributes): Item {
  const pk = attributes.pk?.S
  const sk = attributes.sk?.S
  if (pk === undefined || sk === undefined) throw new Error('an item without its keys')
  const of = { pk, sk, born: attributes.born?.S ?? 'set', n: Number(attributes.n?.N ?? 0) }
  const due = attributes.due?.N === undefined ? {} : { due: Number(attributes.due.N) }
  const expires = attributes.expiresAt?.N === undefined ? {} : { expiresAt: expiresAtOf(attributes) }
  return { ...of, ...due, ...expires, data: dataOf(attributes, { ...of, ...due, ...expires }) }
}

function dataOf(attributes: Attributes, { pk, sk, ...version }: Omit<Item, 'data'>): unknown {
  if (isHead({ pk, sk })) return { ...headFields(attributes), ...version }
  if (attributes.members?.SS !== undefined) return { set: [...attributes.members.SS] }
  return attributes.data?.S === undefined ? undefined : JSON.parse(attributes.data.S)
}

function expiresAtOf(attributes: Attributes): number {
  return Number(attributes.expiresAt?.N) * secondMs - Number(attributes.expiresEarlierMs?.N ?? 0)
}

function isHead({ pk, sk }: Key): boolean {
  return sk === headSk && isTaskPk(pk)
}

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Attributes } from './head-attributes.ts'

/**
 * What DynamoDB charges, by its published rules (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats" and
 * "Read and write operations"): names and values in UTF-8, numbers about a byte for two digits and one more, one unit a
 * started KB written, half a unit a started 4 KB read. A refused condition is charged as a write of what stands there.
 */

const writeUnitBytes = 1_024
const readUnitBytes = 4_096

export function itemBytes(attributes: Attributes): number {
  let bytes = 0
  for (const [name, value] of Object.entries(attributes)) bytes += Buffer.byteLength(name) + valueBytes(value)
  return bytes
}

export function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S)
  if (value.N !== undefined) return numberBytes(value.N)
  if (value.B !== undefined) return value.B.byteLength
  if (value.BOOL !== undefined || value.NULL !== undefined) return 1
  if (value.SS !== undefined) return value.SS.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  if (value.NS !== undefined) return value.NS.reduce((sum, text) => sum + numberBytes(text), 0)
  if (value.L !== undefined) return 3 + value.L.reduce((sum, part) => sum + 1 + valueBytes(part), 0)
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + itemBytes(value.M)
  return 0
}

/** Up to 38 significant digits, zeros at both ends left out. */
export function numberBytes(text: string): number {
  const [mantissa = ''] = text.toLowerCase().split('e')
  const digits = mantissa.replaceAll(/[-+.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length
  return Math.min(21, Math.ceil(digits / 2) + 1 + (text.startsWith('-') ? 1 : 0))
}

export interface Written {
  /** What stood there; absent for nothing. */
  readonly before?: Attributes | undefined
  /** What stands there now; absent after a delete. */
  readonly after?: Attributes | undefined
  readonly isRefused?: boolean
}

/** Units of one write, the sparse index included. */
export function writeUnits({ before, after, isRefused }: Written): number {
  const largest = Math.max(before === undefined ? 0 : itemBytes(before), after === undefined ? 0 : itemBytes(after))
  const table = unitsOf(largest, writeUnitBytes)
  return isRefused === true ? table : table + indexUnits(before, after)
}

/** Of the index: one unit to put a projection or to take it away, two to move it, none if it stays as it is. */
function indexUnits(before: Attributes | undefined, after: Attributes | undefined): number {
  const [old, fresh] = [before?.dueShard && before.due?.N, after?.dueShard && after.due?.N]
  if (old === fresh) return 0
  return (old === undefined ? 0 : 1) + (fresh === undefined ? 0 : 1)
}

/** Units of a read of so many bytes, in one call. */
export function readUnits(bytes: number, isConsistent: boolean): number {
  return unitsOf(bytes, readUnitBytes) * (isConsistent ? 1 : 0.5)
}

/** Nothing read or written costs a unit too. */
function unitsOf(bytes: number, ofBytes: number): number {
  return Math.max(1, Math.ceil(bytes / ofBytes))
}

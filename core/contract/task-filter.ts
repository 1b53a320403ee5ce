import { z } from 'zod'
import { limits } from './limits.ts'
import { CommandName, Instant } from './names.ts'
import { Status } from './task.ts'

/** How tasks are chosen, by lists and by bulk alike: all that is named must hold. */

const reference = z.string().min(1).max(limits.referenceChars)

/** `key:value`, as one text: what stands before and behind which colon is the same to a search. */
const Tag = z
  .string()
  .max(limits.tagKeyChars + 1 + limits.tagValueChars)
  .regex(/^[\s\S]+:/, 'a tag is key:value')

const people = {
  externalId: reference.optional(),
  userId: reference.optional(),
  accountId: reference.optional(),
  correlationId: reference.optional(),
}

/** Created at or after `from`, and before `to`. */
const times = { from: Instant.optional(), to: Instant.optional() }

export const ListQuery = z.strictObject({
  command: CommandName.optional(),
  status: z.string().optional(),
  /** May be given several times. */
  tag: z.array(Tag).max(limits.tags).optional(),
  ...people,
  ...times,
  cursor: z.string().max(limits.cursorChars).optional(),
  limit: z.coerce.number().int().min(1).max(limits.listPage).default(limits.listPageDefault),
})
export type ListQuery = z.infer<typeof ListQuery>

/** The same names in a body. */
export const FilterFields = z.strictObject({
  command: CommandName.optional(),
  status: Status.optional(),
  tags: z.array(Tag).max(limits.tags).optional(),
  ...people,
  ...times,
})
export type FilterFields = z.infer<typeof FilterFields>

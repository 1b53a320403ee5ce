import type { Condition, Write } from '#core/ports'
import type { Attributes } from './head-attributes.ts'

interface Expression {
  readonly ConditionExpression?: string
  readonly ExpressionAttributeNames?: Record<string, string>
  readonly ExpressionAttributeValues?: Attributes
}

/** The port's four conditions in DynamoDB's words. There are no others (design decision 3). */
export function conditionOf(write: Write): Expression {
  const { condition } = write
  switch (condition.kind) {
    case 'any':
      return {}
    case 'absent':
      return { ConditionExpression: 'attribute_not_exists(pk)' }
    case 'at':
      return { ConditionExpression: '#born = :born AND #n = :n', ...version(condition) }
    case 'newer': {
      if (write.kind === 'delete') return { ConditionExpression: 'attribute_not_exists(pk)' }
      const older = '#born < :born OR (#born = :born AND #n < :n)'
      return { ConditionExpression: `attribute_not_exists(pk) OR ${older}`, ...version(write.item) }
    }
    default:
      return condition satisfies never
  }
}

function version({ born, n }: Extract<Condition, { kind: 'at' }> | { readonly born: string; readonly n: number }) {
  return {
    ExpressionAttributeNames: { '#born': 'born', '#n': 'n' },
    ExpressionAttributeValues: { ':born': { S: born }, ':n': { N: String(n) } },
  }
}

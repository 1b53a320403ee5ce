/** How IAM compares names: stars, question marks, and the parts of an ARN. */

/** `*` stands for any text, none included, and `?` for one character. */
export function isLike(pattern: string, text: string): boolean {
  const literal = pattern.replaceAll(/[\\^$.|+()[\]{}]/g, String.raw`\$&`)
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text)
}

/** Names of actions have no case. */
export function isActionLike(pattern: string, action: string): boolean {
  return isLike(pattern.toLowerCase(), action.toLowerCase())
}

const arnParts = 6

/** A wildcard reaches no further than its part of the ARN; all behind the fifth colon is one part. */
export function isArnLike(pattern: string, arn: string): boolean {
  if (pattern === '*') return true
  const [patterns, parts] = [partsOf(pattern), partsOf(arn)]
  return patterns.length === parts.length && patterns.every((each, index) => isLike(each, parts[index] ?? ''))
}

function partsOf(arn: string): readonly string[] {
  const parts = arn.split(':')
  return [...parts.slice(0, arnParts - 1), parts.slice(arnParts - 1).join(':')]
}

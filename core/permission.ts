/**
 * What a key may do: a list of allows, each a method and a path in which `*` stands for any characters, as in the
 * resource of an IAM execute-api statement. An allow only ever adds; what no allow names is refused.
 */

/** Such as `POST /v1/tasks` or `GET /v1/tasks/*`. Made by {@link parseAllow}. */
export type Allow = string

export type AllowOutcome =
  | { readonly ok: true; readonly allow: Allow }
  | { readonly ok: false; readonly reason: 'empty' | 'too-long' | 'malformed'; readonly message: string }

export const MAX_ALLOW_LENGTH = 512
/** Beyond this no path is matched at all: the matcher's work is bounded by allow times path. */
export const MAX_MATCHED_PATH_LENGTH = 4_096

const METHOD = /^(?:\*|[A-Z]{1,16})$/
const PATH = /^(?:\/|\*)[A-Za-z0-9/._~:@%+*-]*$/

/**
 * Reads one allow; spaces around and between are forgiven, `*` alone means everything.
 *
 * @example parseAllow('post  /v1/tasks') // { ok: true, allow: 'POST /v1/tasks' }
 */
export function parseAllow(text: string): AllowOutcome {
  if (text.length > MAX_ALLOW_LENGTH) {
    return { ok: false, reason: 'too-long', message: `An allow has at most ${MAX_ALLOW_LENGTH} characters.` }
  }
  const words = text.trim().split(/[ \t]+/)
  if (words.length === 1 && words[0] === '*') return { ok: true, allow: '* /*' }
  const [method, path] = words
  if (method === undefined || method === '') {
    return { ok: false, reason: 'empty', message: "An allow is a method (or *) and a path, such as 'GET /v1/tasks/*'." }
  }
  if (path === undefined || words.length > 2) {
    return malformed(text, 'expected a method (or *) and a path with one space between')
  }
  if (!METHOD.test(method.toUpperCase())) return malformed(text, 'the method must be letters or *')
  if (!PATH.test(path)) {
    return malformed(text, 'the path must begin with / or * and holds letters, digits and / . _ ~ : @ % + - *')
  }
  if (hasDotSegment(path)) return malformed(text, 'the path must not hold . or .. segments')
  return { ok: true, allow: `${method.toUpperCase()} ${path}` }
}

/** Whether one of the allows names this method and path (the path as received, without its query). */
export function isAllowed(allows: readonly Allow[], method: string, path: string): boolean {
  // A dot segment could pass for one path here and be routed as another, so it is never allowed, whatever the allow.
  if (path.length > MAX_MATCHED_PATH_LENGTH || hasDotSegment(path)) return false
  return allows.some((allow) => {
    const space = allow.indexOf(' ')
    const allowedMethod = allow.slice(0, space)
    return (allowedMethod === '*' || allowedMethod === method) && matches(allow.slice(space + 1), path)
  })
}

/** `.` and `..`, also percent-encoded or behind a backslash: URL parsers resolve all of these. */
export function hasDotSegment(path: string): boolean {
  return path.split(/[/\\]/).some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
}

/** Greedy match with one point to fall back to: never worse than pattern × text, unlike a regular expression. */
function matches(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let resumeAt = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p
      p += 1
      resumeAt = t
    } else if (pattern[p] === text[t]) {
      p += 1
      t += 1
    } else if (star >= 0) {
      p = star + 1
      resumeAt += 1
      t = resumeAt
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}

function malformed(text: string, why: string): AllowOutcome {
  return { ok: false, reason: 'malformed', message: `The allow '${text.trim()}' is malformed: ${why}.` }
}

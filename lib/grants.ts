import { ArnFormat, Stack } from 'aws-cdk-lib'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { CommandName } from '#core/contract/names'
import { type HubRoute, routes } from './routes.ts'

/** The ready policies of callers, made of the route table. IAM judges method and path, and nothing else. */

export interface SubmitOptions {
  /** The commands that the caller may ask for, by their names. `all` is for services that hand on any. */
  readonly commands: readonly string[] | 'all'
}

/** Which API a grant is for. */
export interface GrantTarget {
  readonly scope: Construct
  readonly apiId: string
}

/** The caller submits tasks of these commands, and payloads for them; it sees no task. */
export function grantSubmit(target: GrantTarget, grantee: IGrantable, { commands }: SubmitOptions): Grant {
  if (commands === 'all') return grantRoutes(target, grantee, ['submitter', 'submitter of any'])
  if (commands.length === 0) throw new Error("grantSubmit: name at least one command, or say commands: 'all'")
  for (const name of commands) checkCommand(name)
  return grantRoutes(target, grantee, ['submitter'], commands)
}

/** The caller sees tasks, their logs and files, workers and commands, and changes nothing. Never sensitive values. */
export function grantRead(target: GrantTarget, grantee: IGrantable): Grant {
  return grantRoutes(target, grantee, ['reader'])
}

/** The caller makes tokens with which others watch tasks, and takes them back: those who hold one see what it is for. */
export function grantWatch(target: GrantTarget, grantee: IGrantable): Grant {
  return grantRoutes(target, grantee, ['watcher'])
}

/** The caller reads, submits tasks of any command, cancels, retries, changes and removes them, one or many at once, and pauses workers. */
export function grantOperate(target: GrantTarget, grantee: IGrantable): Grant {
  return grantRoutes(target, grantee, ['reader', 'submitter', 'submitter of any', 'operator'])
}

function grantRoutes(
  { scope, apiId }: GrantTarget,
  grantee: IGrantable,
  who: readonly HubRoute['for'][],
  commands: readonly string[] = ['*'],
): Grant {
  const paths = routes
    .filter((route) => who.includes(route.for))
    .flatMap(({ method, path }) => commands.map((command) => `${method}${pathPattern(path, command)}`))
  const resourceArns = [...new Set(paths)].map((path) =>
    Stack.of(scope).formatArn({
      service: 'execute-api',
      resource: apiId,
      resourceName: `$default/${path}`,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    }),
  )
  const grant = Grant.addToPrincipal({ grantee, actions: ['execute-api:Invoke'], resourceArns })
  // An HTTP API has no policy of its own, so a caller of another account takes on a role in this one.
  grant.assertSuccess()
  return grant
}

const idChars = 26

/** A star would match slashes too, and `/v1/tasks/*` what lies behind a task; an id has always so many characters. */
function pathPattern(path: string, command: string): string {
  return path
    .replace('{command}', command)
    .replace('{id}', '?'.repeat(idChars))
    .replace(/\{[^}]+\}/, '*')
}

function checkCommand(name: string): void {
  const { success, error } = CommandName.safeParse(name)
  if (!success) throw new Error(`grantSubmit: ${name} is no command: ${error.issues[0]?.message}`)
}

/**
 * Who signed a request, short: it stands in every line of a task's history. An assumed role is its role and its session,
 * a user its name; the 100 bytes of an ARN around them say the same in every line. No two callers of one account have
 * one name: neither roles nor users can have a colon in theirs.
 */

/** A role name has 64 characters at most, as has a session's. */
export const principalCharsMost = 129

/** Undefined: nobody, or a kind of caller that IAM does not have. */
export function principalOf(userArn: string | null | undefined): string | undefined {
  const [prefix, , service, , account, ...rest] = (userArn ?? '').split(':')
  const resource = rest.join(':')
  if (prefix !== 'arn' || account === undefined || account === '') return undefined
  const name = service === 'iam' ? ofIam(resource, account) : service === 'sts' ? ofSts(resource) : undefined
  return name === undefined || name === '' ? undefined : name.slice(0, principalCharsMost)
}

function ofIam(resource: string, account: string): string | undefined {
  if (resource === 'root') return `root:${account}`
  // Users may lie under a path, which is no part of their name.
  return resource.startsWith('user/') ? resource.slice(resource.lastIndexOf('/') + 1) : undefined
}

/** `AWSReservedSSO_<permission set>_<16 hexadecimal digits>`: the digits say nothing, a colon no other role has. */
const singleSignOn = /^AWSReservedSSO_(.+)_[0-9a-f]{16}$/

function ofSts(resource: string): string | undefined {
  const [kind, name = '', ...session] = resource.split('/')
  switch (kind) {
    case 'assumed-role': {
      const set = singleSignOn.exec(name)?.[1]
      return `${set === undefined ? name : `sso:${set}`}/${session.join('/')}`
    }
    case 'federated-user':
      return name === '' ? undefined : `federated:${[name, ...session].join('/')}`
    default:
      return undefined
  }
}

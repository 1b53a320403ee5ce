import type { Account, AwsAnswer } from './aws-call.ts'
import { type Check, fail, warn } from './check.ts'

/** Why a question to AWS has no answer, in words. A bare 403 helps nobody: it says which permission is missing. */

export interface Asked {
  readonly name: string
  /** The action of IAM that it needs. */
  readonly permission: string
  /** Where a person sees the same. */
  readonly look: string
  /** Who asks, as far as it is known. */
  readonly who: string
}

export type Trouble = Exclude<AwsAnswer, { readonly kind: 'said' }>

export function explainTrouble(account: Account, { name, permission, look, who }: Asked, trouble: Trouble): Check {
  if (trouble.kind === 'away') return warn(name, `not looked at: ${trouble.says}`, trouble.advice)
  const { status, code, message } = trouble
  const keys = explainKeys(account, name, trouble)
  if (keys !== undefined) return keys
  if (isDenied(trouble)) {
    const says = `not looked at: ${who} may not ${permission}`
    if (!message.includes('explicit deny')) return warn(name, says, `allow it, or look yourself: ${look}`)
    const by = message.includes('service control policy') ? 'the organization' : 'a policy'
    return warn(name, `${says}, ${by} forbids it`, `ask whoever looks after the account to look: ${look}`)
  }
  if (status >= 500 || /Throttl|TooManyRequests|LimitExceeded/.test(code)) {
    return warn(name, `not looked at: AWS is busy (${status} ${code})`, 'try again in a minute')
  }
  return warn(
    name,
    `not looked at: AWS answered ${status} ${code}${message && `: ${message}`}`,
    `look yourself: ${look}`,
  )
}

/** AWS knows these keys, and says no. */
export function isDenied({ code }: Trouble & { readonly kind: 'refused' }): boolean {
  return /^AccessDenied|^UnauthorizedOperation|^NotAuthorized/.test(code)
}

/** What is wrong with keys, clock, Region or the account itself, whatever was asked. */
function explainKeys(account: Account, name: string, { code, message }: Trouble & { readonly kind: 'refused' }) {
  const { credentials, source, region } = account
  const says = `${credentials.accessKeyId} from ${source} is refused (${code}${message && `: ${message}`})`
  if (/^(?:OptInRequired|SubscriptionRequired)/.test(code)) {
    return fail(name, says, "end the account's sign-up in the console: a payment method, and the telephone number")
  }
  if (/^(?:ExpiredToken|TokenRefreshRequired)/.test(code)) {
    return fail(name, says, `sign in again (aws sso login), then: ${exportKeys}`)
  }
  if (/^(?:InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|InvalidToken)/.test(code)) {
    const isOfAws = /^A[KS]IA/.test(credentials.accessKeyId)
    const advice = isOfAws
      ? `are the keys active, with their session token, and is ${region} enabled (console: Account, AWS Regions)?`
      : `keys of AWS begin with AKIA or ASIA; use others by --profile, or: ${exportKeys}`
    return fail(name, says, advice)
  }
  if (!/Signature|RequestTimeTooSkewed|RequestExpired|MissingAuthentication/.test(code)) return undefined
  if (/region/i.test(message)) {
    return fail(name, says, `is ${region} the right Region? Say it by --region or AWS_REGION`)
  }
  return fail(name, says, 'is the secret key whole, the session token set, and the clock right?')
}

const exportKeys = 'eval "$(aws configure export-credentials --format env)"'

import { resolveConnection } from '../../credentials.ts'
import { realSystem } from '../../system.ts'
import { fetchTransport, httpTransport } from '../../transport.ts'
import { type HubFlags, surroundingsOf } from '../connect.ts'
import type { CliWorld } from '../world.ts'
import { type Account, ask } from './aws-call.ts'
import {
  type Caller,
  checkBootstrap,
  checkEcsRole,
  checkLambda,
  checkVcpus,
  fargate,
  fargateSpot,
  form,
  wordsOf,
} from './aws-checks.ts'
import { explainTrouble, isDenied } from './aws-trouble.ts'
import { checkBuilder } from './builder.ts'
import { type Check, fail, failInWords, ok } from './check.ts'
import { checkClock } from './clock.ts'

/**
 * What trips up a fresh account, read with the caller's own keys before anything is deployed. Where the keys, the
 * network or the Region are wrong, all services would say the same: then the first one is the only one asked.
 */
export async function* examineAws(world: CliWorld, flags: HubFlags): AsyncGenerator<Check, void, undefined> {
  const builder = checkBuilder(world.env)
  const account = await accountOf(world, flags)
  if (typeof account === 'string') yield failInWords('keys', account, 'say which keys to use, then ask again')
  else yield* examineAccount(account)
  yield await builder
}

async function* examineAccount(account: Account): AsyncGenerator<Check, void, undefined> {
  const answer = await ask(account, {
    service: 'sts',
    method: 'POST',
    ...form('Action=GetCallerIdentity&Version=2011-06-15'),
  })
  const { check, caller } = identify(account, answer)
  yield check
  if (answer.kind !== 'away' && answer.aheadMs !== undefined) yield checkClock(answer.aheadMs, 'AWS')
  if (caller === undefined) return
  const asked = [
    checkLambda(caller),
    checkVcpus(caller, fargate),
    checkVcpus(caller, fargateSpot),
    checkEcsRole(caller),
    checkBootstrap(caller),
  ]
  for (const one of asked) yield await one
}

/** Without a caller nothing else needs to be asked. */
function identify(
  account: Account,
  answer: Awaited<ReturnType<typeof ask>>,
): { readonly check: Check; readonly caller?: Caller } {
  const name = 'account'
  const asked = {
    name,
    permission: 'sts:GetCallerIdentity',
    look: `aws sts get-caller-identity${wordsOf(account)}`,
    who: 'this caller',
  }
  switch (answer.kind) {
    case 'away':
      return { check: fail(name, answer.says, answer.advice) }
    case 'refused': {
      const check = explainTrouble(account, asked, answer)
      // Who may not ask for the own name may do other things all the same.
      if (isDenied(answer)) return { check, caller: { account, number: undefined, who: asked.who } }
      return { check: { ...check, state: 'fail' } }
    }
    case 'said': {
      const who = /<Arn>([^<]+)<\/Arn>/.exec(answer.text)?.[1]
      const number = /<Account>(\d{12})<\/Account>/.exec(answer.text)?.[1]
      if (who === undefined) {
        return { check: fail(name, 'what answered is not AWS', 'does the network ask you to sign in first?') }
      }
      const says = `${who} in ${account.region}, keys from ${account.source}`
      return { check: ok(name, says), caller: { account, number, who } }
    }
    default:
      return answer satisfies never
  }
}

/** Keys and Region as for a hub in an account; or what to set. */
async function accountOf(world: CliWorld, { profile, region }: HubFlags): Promise<Account | string> {
  const asked = {
    endpoint: 'https://sts.amazonaws.com',
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
  }
  const found = resolveConnection(asked, await surroundingsOf(world))
  if (!found.ok) return found.message.replace(/ for https:\/\/sts\.amazonaws\.com/, ' for AWS')
  const { credentials, source, region: place } = found.connection
  const { fetch, now = realSystem.now } = world.client ?? {}
  return {
    credentials,
    source,
    region: place,
    profileWords: profile === undefined ? '' : ` --profile ${/^[\w.@-]+$/.test(profile) ? profile : `'${profile}'`}`,
    env: world.env,
    transport: fetch === undefined ? httpTransport() : fetchTransport(fetch),
    now,
  }
}

import { type Account, type AwsAnswer, ask, type Question } from './aws-call.ts'
import { type Asked, explainTrouble, type Trouble } from './aws-trouble.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** What an account has to have before a hub is deployed into it. */

export interface Caller {
  readonly account: Account
  /** Its number, where AWS told it. */
  readonly number: string | undefined
  /** Who the keys are, for messages. */
  readonly who: string
}

/** Behind a command of the AWS CLI that asks the same. */
export function wordsOf({ region, profileWords }: Account): string {
  return ` --region ${region}${profileWords}`
}

interface Reading extends Omit<Asked, 'who'> {
  readonly question: Question
  /** Undefined: that was no answer to this question. */
  readonly judge: (text: string) => Check | undefined
  /** For refusals that are an answer. */
  readonly judgeRefusal?: (code: string) => Check | undefined
}

/** A hub of the default sizes has five functions, each with a few runs at once under load. */
const executionsFew = 100
const concurrencyCode = 'L-B99A9384'

export function checkLambda(caller: Caller): Promise<Check> {
  const words = wordsOf(caller.account)
  const name = 'lambda'
  return read(caller, {
    name,
    permission: 'lambda:GetAccountSettings',
    look: `aws lambda get-account-settings${words}`,
    question: { service: 'lambda', method: 'GET', path: '/2016-08-19/account-settings' },
    judge: (text) => {
      const most = numberIn(text, 'ConcurrentExecutions')
      if (most === undefined) return undefined
      // What other functions have reserved is not there for the hub's.
      const free = numberIn(text, 'UnreservedConcurrentExecutions') ?? most
      const says = `${most} concurrent executions${free < most ? `, ${free} of them unreserved` : ''}`
      if (free >= executionsFew) return ok(name, says)
      if (free < most) return warn(name, `${says}: a hub would be slow`, 'reserve less for other functions')
      const increase = askFor({ service: 'lambda', code: concurrencyCode, value: 1_000, words })
      return warn(name, `${says}: a hub works, slowly`, `ask for 1,000, it is free: ${increase}`)
    },
  })
}

/** The three workers of the examples at their default `max` of 4, twice: docs/deploy.md, step 0. */
const vcpusFew = 28
const vcpusAsked = 64
const vcpusOfSmallest = 0.25
const vcpusOfDefault = 0.5

export const fargate = { name: 'vCPU', code: 'L-3032A538' } as const
export const fargateSpot = { name: 'Spot vCPU', code: 'L-36FBB829' } as const

export function checkVcpus(caller: Caller, { name, code }: typeof fargate | typeof fargateSpot): Promise<Check> {
  const { region } = caller.account
  const words = wordsOf(caller.account)
  const place = `https://${region}.console.aws.amazon.com/servicequotas/home/services/fargate/quotas/${code}`
  return read(caller, {
    name,
    permission: 'servicequotas:GetServiceQuota',
    look: `aws service-quotas get-service-quota --service-code fargate --quota-code ${code}${words}`,
    question: {
      service: 'servicequotas',
      method: 'POST',
      ...json('ServiceQuotasV20190624.GetServiceQuota', { ServiceCode: 'fargate', QuotaCode: code }),
    },
    judge: (text) => {
      const most = numberIn(text, 'Value')
      if (most === undefined) return undefined
      const says = `${most} at once on Fargate: ${Math.floor(most / vcpusOfDefault)} instances of the default size`
      if (most >= vcpusFew) return ok(name, says)
      const increase = askFor({ service: 'fargate', code, value: vcpusAsked, words })
      const advice = `ask for the sum of max × vCPU of all workers, twice: ${increase}`
      if (name === 'Spot vCPU') return warn(name, says, `only if a worker is to run on Spot, ${advice}`)
      return most < vcpusOfSmallest ? fail(name, says, advice) : warn(name, says, advice)
    },
    judgeRefusal: (refusal) =>
      refusal === 'NoSuchResourceException'
        ? warn(name, `no quota ${code} is known for this account in ${region}`, `look in the console: ${place}`)
        : undefined,
  })
}

export function checkEcsRole(caller: Caller): Promise<Check> {
  const name = 'ECS role'
  const role = 'AWSServiceRoleForECS'
  return read(caller, {
    name,
    permission: 'iam:GetRole',
    look: `aws iam get-role --role-name ${role}${wordsOf(caller.account)}`,
    question: { service: 'iam', method: 'POST', ...form(`Action=GetRole&RoleName=${role}&Version=2010-05-08`) },
    judge: (text) => (text.includes(`<RoleName>${role}</RoleName>`) ? ok(name, `${role} is there`) : undefined),
    judgeRefusal: (code) => {
      if (!code.startsWith('NoSuchEntity')) return undefined
      const make = `aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com${wordsOf(caller.account)}`
      return warn(name, `${role} is not there: the first deployment may fail at the cluster`, make)
    },
  })
}

/** What the stacks that CDK writes ask for at least. */
const bootstrapLeast = 6
const bootstrapParameter = '/cdk-bootstrap/hnb659fds/version'

export function checkBootstrap(caller: Caller): Promise<Check> {
  const { number, account } = caller
  const { region, profileWords } = account
  const name = 'bootstrap'
  const where = number === undefined ? '' : ` aws://${number}/${region}`
  const make = `npx cdk bootstrap${where}${profileWords}`
  return read(caller, {
    name,
    permission: 'ssm:GetParameter',
    look: `aws ssm get-parameter --name ${bootstrapParameter}${wordsOf(account)}`,
    question: { service: 'ssm', method: 'POST', ...json('AmazonSSM.GetParameter', { Name: bootstrapParameter }) },
    judge: (text) => {
      const version = Number(/"Value"\s*:\s*"(\d{1,6})"/.exec(text)?.[1])
      if (Number.isNaN(version)) return undefined
      if (version >= bootstrapLeast) return ok(name, `CDK's, version ${version}, in ${region}`)
      return fail(name, `CDK's version ${version} in ${region} is older than ${bootstrapLeast}`, make)
    },
    judgeRefusal: (code) =>
      code === 'ParameterNotFound' ? fail(name, `${bootstrapParameter} is not there in ${region}`, make) : undefined,
  })
}

async function read({ account, who }: Caller, reading: Reading): Promise<Check> {
  const { name, look, question, judge, judgeRefusal } = reading
  const answer: AwsAnswer = await ask(account, question)
  const judged = answer.kind === 'said' ? judge(answer.text) : judgeTrouble(answer, judgeRefusal)
  if (judged !== undefined) return judged
  if (answer.kind !== 'said') return explainTrouble(account, { ...reading, who }, answer)
  return warn(name, 'not looked at: what answered is not AWS, or speaks anew', `look yourself: ${look}`)
}

function judgeTrouble(trouble: Trouble, judge: Reading['judgeRefusal']): Check | undefined {
  return trouble.kind === 'refused' ? judge?.(trouble.code) : undefined
}

interface Increase {
  readonly service: string
  readonly code: string
  readonly value: number
  readonly words: string
}

function askFor({ service, code, value, words }: Increase): string {
  const which = `--service-code ${service} --quota-code ${code}`
  return `aws service-quotas request-service-quota-increase ${which} --desired-value ${value}${words}`
}

function json(target: string, body: object) {
  return {
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: JSON.stringify(body),
  }
}

export function form(body: string) {
  return { headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, body }
}

/** Each of these answers has the name once: a pattern reads it wherever it lies. */
function numberIn(text: string, name: string): number | undefined {
  const found = new RegExp(`"${name}"\\s*:\\s*(\\d+(?:\\.\\d+)?)`).exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

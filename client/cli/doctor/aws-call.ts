import { errnoOf, isCertificateTrouble } from '../../explain.ts'
import { type Credentials, signRequest } from '../../sign.ts'
import type { Transport } from '../../transport.ts'
import type { CliWorld } from '../world.ts'
import { reasonOf } from './check.ts'
import { aheadOf } from './clock.ts'

/** One question to a service of AWS. Five of them do not need its SDK: what signs for the hub signs for them. */

export interface Account {
  readonly credentials: Credentials
  readonly region: string
  /** Where the keys came from. */
  readonly source: string
  /** Behind commands of the AWS CLI and of CDK, so that they ask with the same keys. */
  readonly profileWords: string
  readonly env: CliWorld['env']
  readonly transport: Transport
  readonly now: () => number
}

export interface Question {
  readonly service: Service
  readonly method: 'GET' | 'POST'
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type Service = 'sts' | 'lambda' | 'servicequotas' | 'iam' | 'ssm'

export type AwsAnswer =
  | { readonly kind: 'said'; readonly text: string; readonly aheadMs: number | undefined }
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly code: string
      readonly message: string
      readonly aheadMs: number | undefined
    }
  | { readonly kind: 'away'; readonly says: string; readonly advice: string }

const answerSeconds = 5

export async function ask(account: Account, { service, method, path = '/', headers = {}, body }: Question) {
  const { credentials, env, now, transport } = account
  const { endpoint, region } = placeOf(service, account.region, env)
  if (endpoint === undefined) {
    const variable = `AWS_ENDPOINT_URL_${variables[service]}`
    return { kind: 'away', says: `${variable} or AWS_ENDPOINT_URL is no URL`, advice: 'correct it' } as const
  }
  const url = new URL(endpoint.pathname.replace(/\/$/, '') + path, endpoint)
  const request = { method, url, headers, ...(body === undefined ? {} : { body }) }
  const sentAt = now()
  const signed = await signRequest(request, { credentials, region, service, now: sentAt })
  try {
    const signal = AbortSignal.timeout(answerSeconds * 1_000)
    const { status, text, header } = await transport({ ...request, headers: signed, signal })
    const aheadMs = aheadOf({ date: header('date'), sentAt, tookMs: now() - sentAt })
    if (status === 200) return { kind: 'said', text, aheadMs } satisfies AwsAnswer
    return { kind: 'refused', status, aheadMs, ...refusalOf(text, header('x-amzn-errortype')) } satisfies AwsAnswer
  } catch (error) {
    return awayOf(url, account.region, error)
  }
}

const variables: Readonly<Record<Service, string>> = {
  sts: 'STS',
  lambda: 'LAMBDA',
  servicequotas: 'SERVICE_QUOTAS',
  iam: 'IAM',
  ssm: 'SSM',
}

/** As the SDKs find it. IAM has one address for all Regions, and signatures for it name one of them. */
function placeOf(service: Service, region: string, env: CliWorld['env']) {
  const isIgnored = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true'
  const own = isIgnored ? undefined : env[`AWS_ENDPOINT_URL_${variables[service]}`] || env.AWS_ENDPOINT_URL
  const { host, signed } = service === 'iam' ? iamOf(region) : { host: `${service}.${region}`, signed: region }
  const text = own || `https://${host}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`
  return { endpoint: URL.canParse(text) ? new URL(text) : undefined, region: signed }
}

function iamOf(region: string): { readonly host: string; readonly signed: string } {
  if (region.startsWith('cn-')) return { host: 'iam.cn-north-1', signed: 'cn-north-1' }
  if (region.startsWith('us-gov-')) return { host: 'iam.us-gov', signed: 'us-gov-west-1' }
  return { host: 'iam', signed: 'us-east-1' }
}

/** Two of the services write XML, and JSON has its code in the header or in the body, some with a namespace before it. */
function refusalOf(text: string, header: string | undefined): { readonly code: string; readonly message: string } {
  const pick = (...patterns: readonly RegExp[]) => patterns.map((one) => one.exec(text)?.[1]).find(Boolean)
  const code = header ?? pick(/<Code>([^<]*)</, /"__type"\s*:\s*"([^"]*)"/) ?? 'no code'
  const message = pick(/<Message>([^<]*)</, /"[Mm]essage"\s*:\s*"((?:[^"\\]|\\.)*)"/) ?? ''
  return { code: code.replace(/^.*#/, '').replace(/:.*$/, ''), message: message.slice(0, messageCharsMost) }
}

const messageCharsMost = 300

function awayOf({ hostname, origin }: URL, region: string, error: unknown): AwsAnswer {
  const at = { kind: 'away' } as const
  if (error instanceof Error && error.name === 'TimeoutError') {
    const says = `${origin} did not answer in ${answerSeconds} seconds`
    return { ...at, says, advice: 'is the network up, and does it let this through? No proxy is used' }
  }
  const code = errnoOf(error)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const regions = 'aws ec2 describe-regions --region us-east-1 --query Regions[].RegionName'
    const advice = `is the network up, and '${region}' a Region? See: ${regions}`
    return { ...at, says: `the name ${hostname} is not known (${code})`, advice }
  }
  const says = `${origin} cannot be reached (${code ?? reasonOf(error)})`
  const isUntrusted = isCertificateTrouble(code)
  const advice = isUntrusted
    ? 'NODE_EXTRA_CA_CERTS names a file of your own authority'
    : 'is the network up, and does it let this through? No proxy is used'
  return { ...at, says, advice }
}

import { createServer } from 'node:http'
import { parseAuthorization } from '#adapters/sigv4/authorization'
import { verifyRequest } from '#adapters/sigv4/verify'

/** As much of AWS as `doctor --aws` asks, on one port: the service is read from the signature, which is checked. */

export interface AwsReply {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface AwsScript {
  readonly sts: AwsReply
  readonly lambda: AwsReply
  readonly 'L-3032A538': AwsReply
  readonly 'L-36FBB829': AwsReply
  readonly iam: AwsReply
  readonly ssm: AwsReply
}

export interface FakeAws extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  /** `service region`, and `bad signature` behind it where that is so. */
  readonly asked: readonly string[]
}

export const awsKey = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'another-secret-of-this-test' } as const

export const say = (body: string | object): AwsReply => ({
  status: 200,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

export const vcpus = (value: number): AwsReply =>
  say(`{"Quota":{"QuotaName":"vCPU resource count","UsageMetric":{"MetricName":"ResourceCount"},"Value":${value}.0}}`)

/** As sts and iam refuse. */
export const refuseXml = (status: number, code: string, message: string): AwsReply => ({
  status,
  body: `<ErrorResponse xmlns="x"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
})

/** As the services that speak JSON do. */
export const refuseJson = (code: string, message: string): AwsReply => ({
  status: 400,
  body: JSON.stringify({ __type: `com.amazonaws.some#${code}`, message }),
})

/** As Lambda does. */
export const refuseRest = (code: string, message: string): AwsReply => ({
  status: 403,
  headers: { 'x-amzn-errortype': `${code}:http://internal.amazon.com/coral/` },
  body: JSON.stringify({ Message: message }),
})

export const wellAws: AwsScript = {
  sts: say(
    '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ann</Arn>' +
      '<UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
  ),
  lambda: say({ AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 1_000 } }),
  'L-3032A538': vcpus(4_000),
  'L-36FBB829': vcpus(4_000),
  iam: say('<GetRoleResponse><Role><RoleName>AWSServiceRoleForECS</RoleName></Role></GetRoleResponse>'),
  ssm: say({ Parameter: { Name: '/cdk-bootstrap/hnb659fds/version', Type: 'String', Value: '21', Version: 3 } }),
}

export async function startFakeAws(script: AwsScript, now: () => number): Promise<FakeAws> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '' } = request
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      const body = Buffer.concat(chunks)
      const parsed = parseAuthorization(headers.authorization ?? '')
      const { service, region } = parsed.ok ? parsed.authorization : { service: 'none', region: 'none' }
      const lookUp = (id: string) => (id === awsKey.AWS_ACCESS_KEY_ID ? awsKey.AWS_SECRET_ACCESS_KEY : undefined)
      const { ok } = verifyRequest({ method, url, headers, body, now: now(), lookUp, service })
      asked.push(`${service} ${region}${ok ? '' : ' bad signature'}`)
      const target = headers['x-amz-target'] ?? ''
      const reply = replyTo(script, `${service} ${method} ${url} ${target}`, `${body}`)
      response.writeHead(reply.status, { date: new Date(now()).toUTCString(), ...reply.headers }).end(reply.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return {
    env: { ...awsKey, AWS_ENDPOINT_URL: `http://127.0.0.1:${address.port}` },
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What is asked in other words than AWS takes is told in the answer, so that a test sees it. */
function replyTo(script: AwsScript, asked: string, body: string): AwsReply {
  switch (asked) {
    case 'sts POST / ':
      if (body === 'Action=GetCallerIdentity&Version=2011-06-15') return script.sts
      break
    case 'lambda GET /2016-08-19/account-settings ':
      return script.lambda
    case 'servicequotas POST / ServiceQuotasV20190624.GetServiceQuota': {
      const { ServiceCode, QuotaCode } = JSON.parse(body)
      if (ServiceCode === 'fargate' && QuotaCode === 'L-3032A538') return script['L-3032A538']
      if (ServiceCode === 'fargate' && QuotaCode === 'L-36FBB829') return script['L-36FBB829']
      break
    }
    case 'iam POST / ':
      if (body === 'Action=GetRole&RoleName=AWSServiceRoleForECS&Version=2010-05-08') return script.iam
      break
    case 'ssm POST / AmazonSSM.GetParameter':
      if (body === '{"Name":"/cdk-bootstrap/hnb659fds/version"}') return script.ssm
      break
  }
  return { status: 404, body: `<Code>Unknown</Code><Message>${asked}</Message>` }
}

import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { readFleet } from '#core/workers/fleet'
import { readWorkerNames } from '#core/workers/put-worker'
import type { RegistrarProps } from '#functions/registrar/config'
import { answerRequest } from '#functions/registrar/custom-resource'
import { putAnswer } from '#functions/registrar/put-answer'
import { Account, propsOf } from './registrar-world.ts'

interface Answer {
  readonly Status: 'SUCCESS' | 'FAILED'
  readonly Reason?: string
  readonly PhysicalResourceId: string
  readonly StackId: string
  readonly RequestId: string
  readonly LogicalResourceId: string
  readonly Data?: { readonly Generation: string }
}

const stackId = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/orders/3f1c'
let requests = 0

/** A stack that asks the registrar, and what it is answered. */
class Stack {
  readonly account = new Account()
  readonly answers: Answer[] = []
  putFails = 0
  remainingMs = 720_000

  async ask(
    type: 'Create' | 'Update' | 'Delete',
    registration: RegistrarProps | string,
    more: Record<string, unknown> = {},
  ): Promise<Answer | undefined> {
    const { world } = this.account
    const answered = this.answers.length
    const endsAtMs = world.clock.monotonicMs() + this.remainingMs
    const put = async (_: string, body: string) => {
      if (this.putFails-- > 0) throw new Error('the bucket is away')
      expect(Buffer.byteLength(body)).toBeLessThan(4_096)
      this.answers.push(JSON.parse(body) as Answer)
    }
    const event = {
      RequestType: type,
      ResponseURL: 'https://cloudformation.test/answer?signature=1',
      StackId: stackId,
      RequestId: `request-${++requests}`,
      ResourceType: 'Custom::TaskuraiWorker',
      LogicalResourceId: 'MillRegistration1A2B',
      ResourceProperties: {
        ServiceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:taskurai-acme-registrar',
        Registration: typeof registration === 'string' ? registration : JSON.stringify(registration),
      },
      ...more,
    }
    const parts = { ...this.account.parts, put }
    await this.account.done(answerRequest(parts, event, () => endsAtMs - world.clock.monotonicMs()))
    expect(this.answers.length).toBe(answered + 1)
    return this.answers.at(-1)
  }

  names(): Promise<readonly string[]> {
    return readWorkerNames(this.account.world)
  }
}

describe('the custom resource', () => {
  it('is created, updated, rolled back and deleted under one name', async () => {
    const stack = new Stack()
    const physical = { PhysicalResourceId: 'acme/mill' }
    expect(await stack.ask('Create', propsOf(7))).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: 'acme/mill',
      StackId: stackId,
      RequestId: expect.stringMatching(/^request-/),
      LogicalResourceId: 'MillRegistration1A2B',
      Data: { Generation: 'acme-mill:7' },
    })
    expect(await stack.ask('Update', propsOf(8), physical)).toMatchObject({ Status: 'SUCCESS', ...physical })
    expect(await stack.ask('Update', propsOf(7), physical)).toMatchObject({ Data: { Generation: 'acme-mill:7' } })
    expect(await stack.names()).toEqual(['mill'])
    expect(await stack.ask('Delete', propsOf(7), physical)).toMatchObject({ Status: 'SUCCESS', ...physical })
    expect(await stack.names()).toEqual([])
    expect(await stack.ask('Delete', propsOf(7), physical)).toMatchObject({ Status: 'SUCCESS', ...physical })
    expect((await readFleet(stack.account.world, 'mill'))?.fleet.removed?.by).toBe('stack/orders')
  })

  it('whose creation failed at the check run is deleted without a trace', async () => {
    const stack = new Stack()
    stack.account.container = { stop: { exitCode: 2 } }
    const failed = await stack.ask('Create', propsOf(7))
    expect(failed).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'acme/mill' })
    expect(failed?.Reason).toContain('exit code 2')
    expect(await stack.ask('Delete', propsOf(7), { PhysicalResourceId: 'acme/mill' })).toMatchObject({
      Status: 'SUCCESS',
    })
    expect(await readFleet(stack.account.world, 'mill')).toBeUndefined()
  })

  it('that another resource has replaced leaves its worker to that one', async () => {
    const stack = new Stack()
    await stack.ask('Create', propsOf(7))
    await stack.ask('Create', propsOf(8), { LogicalResourceId: 'Renamed' })
    expect(await stack.ask('Delete', propsOf(7), { PhysicalResourceId: 'acme/mill' })).toMatchObject({
      Status: 'SUCCESS',
    })
    expect(await stack.names()).toEqual(['mill'])
  })

  it('goes away though a rollback of it was skipped', async () => {
    const stack = new Stack()
    await stack.ask('Create', propsOf(7))
    await stack.ask('Update', propsOf(8), { PhysicalResourceId: 'acme/mill' })
    await stack.ask('Delete', propsOf(7), { PhysicalResourceId: 'acme/mill' })
    expect(await stack.names()).toEqual([])
  })

  it('keeps its name when an update fails, or CloudFormation would delete the worker', async () => {
    const stack = new Stack()
    await stack.ask('Create', propsOf(7))
    const physical = { PhysicalResourceId: 'acme/mill' }
    stack.account.container = { stop: { exitCode: 1 } }
    expect(await stack.ask('Update', { ...propsOf(8), worker: 'windmill' }, physical)).toMatchObject({
      Status: 'FAILED',
      ...physical,
    })
    expect(await stack.ask('Update', 'no JSON', physical)).toMatchObject({
      Status: 'FAILED',
      Reason: 'the Registration of the resource is not JSON',
      ...physical,
    })
  })

  it('with another worker in it gets another name, so that the old worker is deleted', async () => {
    const stack = new Stack()
    await stack.ask('Create', propsOf(7))
    stack.account.container = {
      leaves: {
        ...JSON.parse(JSON.stringify(stack.account.container.leaves)),
        name: 'windmill',
        commands: [{ name: 'w' }],
      },
      stop: { exitCode: 0 },
    }
    const physical = { PhysicalResourceId: 'acme/mill' }
    const renamed = await stack.ask('Update', { ...propsOf(8), worker: 'windmill' }, physical)
    expect(renamed).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'acme/windmill' })
    await stack.ask('Delete', propsOf(7), physical)
    expect(await stack.names()).toEqual(['windmill'])
  })

  it('says what is wrong with properties that it cannot read, and lets them be deleted', async () => {
    const stack = new Stack()
    const bad = JSON.stringify({ worker: 'Mill', launch: {}, verify: 'yes' })
    const failed = await stack.ask('Create', bad)
    expect(failed).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'acme/unregistered' })
    expect(failed?.Reason).toMatch(/worker: .*verify: /)
    const physical = { PhysicalResourceId: 'acme/unregistered' }
    expect(await stack.ask('Delete', bad, physical)).toMatchObject({ Status: 'SUCCESS', ...physical })
    expect(await stack.ask('Create', propsOf(7), { ResourceProperties: undefined })).toMatchObject({ Status: 'FAILED' })
  })

  it('fails in words when the work throws', async () => {
    const stack = new Stack()
    stack.account.world.upsets.push('before')
    expect(await stack.ask('Create', { ...propsOf(7) })).toMatchObject({
      Status: 'FAILED',
      Reason: 'the registrar failed (the store is away); its log says more',
    })
  })

  it('has a reason of at most what CloudFormation takes, whatever stands in it', async () => {
    for (const sign of ['x', '"', '\n', 'ä', '🌾', '\u0001']) {
      const stack = new Stack()
      const stoppedReason = sign.repeat(5_000)
      stack.account.starts.push({ kind: 'refused', reason: 'other', message: stoppedReason })
      const failed = await stack.ask('Create', propsOf(7))
      expect(failed?.Reason?.length).toBeGreaterThan(100)
    }
  })

  it('is answered shortly before the time of the function is over, and nothing is written after that', async () => {
    const stack = new Stack()
    stack.remainingMs = 60_000
    stack.account.container = { ...stack.account.container, afterMs: 45_000 }
    const startedAtMs = stack.account.world.clock.monotonicMs()
    const failed = await stack.ask('Create', propsOf(7))
    expect(failed).toMatchObject({ Status: 'FAILED', Reason: 'it was not done within 30 s; deploy again' })
    expect(stack.account.world.clock.monotonicMs() - startedAtMs).toBeLessThan(40_000)
    await stack.account.world.clock.advance(600_000)
    expect(await stack.names()).toEqual([])
  })

  it('is answered again when the answer was not taken, and in the end left to Lambda to repeat', async () => {
    const stack = new Stack()
    stack.putFails = 4
    expect(await stack.ask('Create', propsOf(7))).toMatchObject({ Status: 'SUCCESS' })
    stack.putFails = 5
    await expect(stack.ask('Update', propsOf(7))).rejects.toThrow('the bucket is away')
    stack.putFails = 0
    expect(await stack.ask('Update', propsOf(7))).toMatchObject({ Status: 'SUCCESS' })
  })

  it('throws at what is no request: there is no address to answer to', async () => {
    const { account } = new Stack()
    const put = () => Promise.reject(new Error('nothing to put'))
    await expect(answerRequest({ ...account.parts, put }, { RequestType: 'Create' }, () => 1_000)).rejects.toThrow(
      'ResponseURL',
    )
  })
})

describe('the answer to CloudFormation', () => {
  it('is put without a content type, which its address is not signed for, and must be taken', async () => {
    const seen: unknown[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      seen.push([request.method, request.url, request.headers['content-type'], request.headers['content-length'], body])
      response.writeHead(seen.length === 1 ? 200 : 403).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/a?X-Amz-Signature=1%2F2`
    try {
      await putAnswer(url, '{"Reason":"ä"}')
      expect(seen).toEqual([['PUT', '/a?X-Amz-Signature=1%2F2', '', '15', '{"Reason":"ä"}']])
      await expect(putAnswer(url, '{}')).rejects.toThrow('403')
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

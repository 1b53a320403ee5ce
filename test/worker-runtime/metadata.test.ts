import { createServer, type ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { generationOf } from '#core/contract/ecs-launch'
import { readTaskIdentity } from '#worker-runtime/aws/metadata'

async function startEndpoint(answer: (count: number, response: ServerResponse) => void) {
  const paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    answer(paths.length, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    ...{ paths, url: `http://127.0.0.1:${address.port}/v4/abc` },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const task = { TaskARN: 'arn:aws:ecs:r:1:task/hub/f00', Family: 'hub-mill', Revision: '12', Containers: [] }

describe.concurrent('what a container knows of itself', () => {
  it('is its launch, and the generation that the registrar names after the revision', async () => {
    await using endpoint = await startEndpoint((_count, response) => response.end(JSON.stringify(task)))
    const identity = await readTaskIdentity(endpoint.url)
    expect(identity).toEqual({ launch: task.TaskARN, generation: 'hub-mill:12' })
    expect(identity.generation).toBe(generationOf('arn:aws:ecs:r:1:task-definition/hub-mill:12'))
    expect(endpoint.paths).toEqual(['/v4/abc/task'])
  })

  it('is asked for again where the endpoint is not ready', async () => {
    await using endpoint = await startEndpoint((count, response) => {
      if (count < 3) response.writeHead(500).end('not yet')
      else response.end(JSON.stringify(task))
    })
    expect(await readTaskIdentity(endpoint.url)).toMatchObject({ generation: 'hub-mill:12' })
    expect(endpoint.paths).toHaveLength(3)
  })

  it.each([
    ['that is no JSON', 'good morning'],
    ['without a revision', JSON.stringify({ ...task, Revision: undefined })],
  ])('is not guessed from an answer %s', async (_what, text) => {
    await using endpoint = await startEndpoint((_count, response) => response.end(text))
    await expect(readTaskIdentity(endpoint.url)).rejects.toThrow(`cannot be read from ${endpoint.url}/task`)
    expect(endpoint.paths).toHaveLength(5)
  })
})

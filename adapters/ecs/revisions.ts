import { DeregisterTaskDefinitionCommand, type ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs'
import type { Revisions } from '#core/workers/revisions'

/** One page: a deployment that finds more old ones than this leaves the rest to the next. */
const listedMost = 100

export function createEcsRevisions(client: ECSClient): Revisions {
  return {
    active: async (family) => {
      const ask = { familyPrefix: family, status: 'ACTIVE', sort: 'DESC', maxResults: listedMost } as const
      const { taskDefinitionArns = [] } = await client.send(new ListTaskDefinitionsCommand(ask))
      return taskDefinitionArns
    },
    deregister: async (taskDefinition) => {
      await client.send(new DeregisterTaskDefinitionCommand({ taskDefinition }))
    },
  }
}

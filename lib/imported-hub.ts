import type { Construct } from 'constructs'
import { Hub } from './hub.ts'
import { checkHubName } from './hub-checks.ts'
import type { HubFacts } from './hub-facts.ts'
import { readParameters } from './hub-parameters.ts'

/** A hub that is known by its name: its facts are read from its parameters when this stack is deployed. */
export class ImportedHub extends Hub {
  readonly hubName: string
  readonly endpoint: string
  /** @internal */
  readonly facts: HubFacts

  constructor(scope: Construct, id: string, hubName: string) {
    super(scope, id)
    checkHubName(hubName)
    this.hubName = hubName
    this.facts = readParameters(this, hubName)
    this.endpoint = this.facts.endpoint
  }
}

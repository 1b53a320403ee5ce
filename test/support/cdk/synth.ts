/** Templates of hubs, as `cdk synth` makes them but for the checks, which take seconds and have a test of their own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { TaskHub, type TaskHubProps, type WorkerProps } from '#lib/index'
import { repository } from '../repository.ts'
import { standInFunctions } from './stand-in.ts'

process.env.CDK_VALIDATION = 'false'

const { context } = JSON.parse(readFileSync(join(repository, 'cdk.json'), 'utf8'))
export const codeFolder = standInFunctions()

export function newApp(): App {
  return new App({ context, analyticsReporting: false })
}

export interface Resource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: a template is what it is; tests look into it as they need to.
  readonly Properties: any
  readonly DependsOn?: readonly string[]
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
}

export interface Synthesized {
  readonly stack: Stack
  readonly hub: TaskHub
  readonly template: Template
  readonly resources: Readonly<Record<string, Resource>>
}

/** A stack of one hub, and whatever `add` gives it. */
export function synthHub(
  props: TaskHubProps | ((stack: Stack) => TaskHubProps) = {},
  add: (hub: TaskHub, stack: Stack) => void = () => {},
): Synthesized {
  const stack = new Stack(newApp(), 'Tasks')
  const hub = new TaskHub(stack, 'Hub', { codeFolder, ...(typeof props === 'function' ? props(stack) : props) })
  add(hub, stack)
  const template = Template.fromStack(stack)
  return { stack, hub, template, resources: template.toJSON().Resources }
}

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
export const anImage = ContainerImage.fromRegistry(`registry.example/shop/mill@${digest}`)

/** The least that makes a worker; its name goes beside it. */
export const aWorker: WorkerProps = { image: anImage }

export function ofType({ resources }: Pick<Synthesized, 'resources'>, type: string): readonly Resource[] {
  return Object.values(resources).filter((resource) => resource.Type === type)
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Repository } from 'aws-cdk-lib/aws-ecr'
import { ContainerImage, Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs'
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { afterAll, describe, expect, test } from 'vitest'
import { HubEnv, queueNameOf } from '#core/contract/hub-env'
import { WorkerEnv } from '#core/contract/worker-env'
import { RegistrarProps } from '#functions/registrar/config'
import { TaskHub, type WorkerProps } from '#lib/index'
import { settle } from '../support/cdk/settle.ts'
import { anImage, aWorker, codeFolder, newApp, ofType, type Resource, synthHub } from '../support/cdk/synth.ts'

const folder = mkdtempSync(join(tmpdir(), 'taskurai-worker-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const manifest = write(
  'mill.json',
  JSON.stringify({ name: 'mill', commands: [{ name: 'grain.mill' }], concurrency: 3 }),
)

/** A hub with one worker, settled. */
function withWorker(props: Partial<WorkerProps> = {}, name: string | null = 'mill') {
  const made = synthHub({}, (hub) => {
    const all = { image: anImage, ...props }
    if (name === null) hub.addWorker(all)
    else hub.addWorker(name, all)
  })
  const resources = settle(made.resources)
  const one = (type: string) => ofType({ resources }, type)[0] as Resource
  const registration = RegistrarProps.parse(JSON.parse(one('Custom::TaskuraiWorker').Properties.Registration))
  return {
    ...made,
    resources,
    one,
    registration,
    container: one('AWS::ECS::TaskDefinition').Properties.ContainerDefinitions[0],
  }
}

describe('a worker', () => {
  test('is registered with its revision, its network and nothing of a manifest where it has none', () => {
    const { registration, one } = withWorker()
    expect(registration).toEqual({
      worker: 'mill',
      launch: {
        kind: 'ecs',
        cluster: 'taskurai-main',
        taskDefinition: 'arn:aws:ecs:eu-central-1:111122223333:task-definition/main-mill:7',
        container: 'worker',
        subnets: [expect.stringContaining('Subnet1'), expect.stringContaining('Subnet2')],
        securityGroups: [expect.stringContaining('GroupId')],
        assignPublicIp: true,
        capacity: 'on-demand',
      },
      verify: true,
    })
    expect(one('Custom::TaskuraiWorker').Properties.ServiceToken).toBe(
      'arn:aws:lambda:eu-central-1:111122223333:function:taskurai-main-registrar',
    )
  })

  test('is registered after all that its check run needs', () => {
    const { resources, one } = withWorker()
    const needed = one('Custom::TaskuraiWorker').DependsOn ?? []
    const types = new Set(needed.map((id) => resources[id]?.Type))
    for (const type of [
      'AWS::DynamoDB::Table',
      'AWS::S3::Bucket',
      'AWS::SQS::Queue',
      'AWS::ECS::Cluster',
      'AWS::ECS::ClusterCapacityProviderAssociations',
      'AWS::EC2::Route',
      'AWS::EC2::SubnetRouteTableAssociation',
      'AWS::EC2::VPCEndpoint',
    ]) {
      expect(types).toContain(type)
    }
    const policies = needed.filter((id) => resources[id]?.Type === 'AWS::IAM::Policy')
    expect(policies.map((id) => id.replace(/DefaultPolicy.*/, ''))).toEqual(
      expect.arrayContaining(['HubWorkermillTaskRole', 'HubWorkermillExecutionRole', 'HubRegistrarRole']),
    )
  })

  test('keeps its revisions when they are replaced or it is removed', () => {
    const { one } = withWorker()
    expect(one('AWS::ECS::TaskDefinition')).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        Family: 'main-mill',
        Cpu: '512',
        Memory: '1024',
        RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
        Tags: expect.arrayContaining([
          { Key: 'taskurai:hub', Value: 'main' },
          { Key: 'taskurai:worker', Value: 'mill' },
        ]),
      },
    })
  })

  test('has a container with an init process, two minutes to end, a log that cannot hold it up, and the environment of the hub', () => {
    const { container } = withWorker({ environment: { MILL_STONES: '2' } })
    expect(container).toMatchObject({
      Name: 'worker',
      Essential: true,
      StopTimeout: 120,
      LinuxParameters: { InitProcessEnabled: true },
      LogConfiguration: { LogDriver: 'awslogs', Options: { mode: 'non-blocking' } },
    })
    const environment = Object.fromEntries(
      container.Environment.map(({ Name, Value }: { Name: string; Value: string }) => [Name, Value]),
    )
    const { MILL_STONES, ...own } = environment
    expect(MILL_STONES).toBe('2')
    expect(Object.keys(HubEnv.parse(own)).sort()).toEqual(Object.keys(own).sort())
    expect(`${own.TASKURAI_QUEUE_URL_PREFIX}mill`).toMatch(new RegExp(`/${queueNameOf('main', 'mill')}$`))
  })

  test('tells its instances how many tasks they run and how long they live, where the stack says it', () => {
    const { container, registration } = withWorker({ concurrency: 12, recycle: { maxTasks: 500, maxMemoryMb: 700 } })
    const said = container.Environment.map(({ Name, Value }: { Name: string; Value: string }) => [Name, Value])
    expect(WorkerEnv.parse(Object.fromEntries(said))).toEqual({
      TASKURAI_CONCURRENCY: 12,
      TASKURAI_RECYCLE: { maxTasks: 500, maxMemoryMb: 700 },
    })
    expect(registration.concurrency).toBe(12)
  })

  test('is started on Spot where it is said, and falls back where it may', () => {
    expect(withWorker({ spot: 'preferred' }).registration.launch.capacity).toBe('spot-then-on-demand')
    expect(withWorker({ spot: 'only' }).registration.launch.capacity).toBe('spot')
  })

  test('gets what it is granted, and its secrets', () => {
    const made = synthHub({}, (hub, stack) => {
      const secret = new Secret(stack, 'Mail') as ISecret
      const worker = hub.addWorker('mill', { ...aWorker, secrets: { MAIL: EcsSecret.fromSecretsManager(secret) } })
      hub.bucket.grantDelete(worker)
    })
    const resources = settle(made.resources)
    const [definition] = ofType({ resources }, 'AWS::ECS::TaskDefinition')
    expect(definition?.Properties.ContainerDefinitions[0].Secrets).toMatchObject([{ Name: 'MAIL' }])
    const policies = Object.entries(resources).filter(([id]) => id.includes('millExecutionRoleDefaultPolicy'))
    expect(JSON.stringify(policies)).toContain('secretsmanager:GetSecretValue')
    const task = Object.entries(resources).filter(([id]) => id.includes('millTaskRoleDefaultPolicy'))
    expect(JSON.stringify(task)).toContain('s3:DeleteObject*')
  })
})

describe('the manifest of a worker', () => {
  test('comes from a file, with its name', () => {
    const { registration, one } = withWorker({ manifest }, null)
    expect(registration).toMatchObject({
      worker: 'mill',
      manifest: { name: 'mill', concurrency: 3, scaling: { min: 0, max: 4 } },
    })
    expect(registration.scaling).toBeUndefined()
    expect(one('AWS::ECS::TaskDefinition').Properties.Family).toBe('main-mill')
  })

  test('comes from a module, imported in a process of its own', () => {
    const worker = withWorker({ module: 'examples/first-worker/worker.ts' }, null)
    expect(worker.registration).toMatchObject({
      worker: 'hello',
      manifest: { commands: [{ name: 'hello.greet', input: { properties: { name: { type: 'string' } } } }] },
    })
  }, 60_000)

  test('is told from where the module goes wrong, in its own words', () => {
    const module = write('broken.mjs', "throw new Error('no database here')\n")
    expect(() => withWorker({ module })).toThrow(/manifest of .*broken\.mjs cannot be read.*no database here/s)
  }, 60_000)

  test('is overruled only where the stack says something', () => {
    const { registration } = withWorker({ manifest, scaling: { max: 9 }, idleSeconds: 5 })
    expect(registration).toMatchObject({ scaling: { min: 0, max: 9 }, idleSeconds: 5 })
  })

  test.each([
    ['is missing', { manifest: join(folder, 'nowhere.json') }, /nowhere\.json cannot be read; write it with/],
    ['is no JSON', { manifest: write('text.json', 'mill') }, /text\.json is no JSON/],
    ['is none', { manifest: write('none.json', '{ "name": "mill" }') }, /none\.json is not one: commands: /],
    ['stands beside a module', { manifest, module: 'worker.ts' }, /give either the module worker\.ts or the manifest/],
    [
      'has another name',
      { manifest: write('other.json', '{"name":"press","commands":[{"name":"a"}]}') },
      /called mill here and press in its manifest/,
    ],
  ])('%s: it says so', (_, props, message) => {
    expect(() => withWorker(props)).toThrow(message)
  })
})

describe('the image of a worker', () => {
  const directory = mkdtempSync(join(folder, 'image-'))
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n')
  writeFileSync(join(directory, 'Worker.Dockerfile'), 'FROM scratch\nLABEL worker=1\n')

  test('is built for what it runs on, and named by what is in it', () => {
    const arm = withWorker({ image: { directory } })
    const intel = withWorker({ image: { directory }, cpuArchitecture: 'x86_64' })
    expect(arm.one('AWS::ECS::TaskDefinition').Properties.RuntimePlatform.CpuArchitecture).toBe('ARM64')
    expect(intel.one('AWS::ECS::TaskDefinition').Properties.RuntimePlatform.CpuArchitecture).toBe('X86_64')
    expect(arm.container.Image).toMatch(/:[0-9a-f]{64}$/)
    // Another platform is another image.
    expect(arm.container.Image).not.toBe(intel.container.Image)
  })

  test('is built from another Dockerfile, and changes only with what belongs to it', () => {
    const options = { directory, file: 'Worker.Dockerfile', exclude: ['notes'] }
    const before = withWorker({ image: options }).container.Image
    expect(before).not.toBe(withWorker({ image: { directory } }).container.Image)
    writeFileSync(join(directory, 'notes'), 'nothing of the image')
    expect(withWorker({ image: options }).container.Image).toBe(before)
    rmSync(join(directory, 'notes'))
  })

  test('comes from a registry by its digest, with credentials where it is private', () => {
    const digest = `sha256:${'ab'.repeat(32)}`
    const made = synthHub({}, (hub, stack) => {
      const image = ContainerImage.fromRegistry(`registry.example/mill@${digest}`, {
        credentials: new Secret(stack, 'Login') as ISecret,
      })
      hub.addWorker('mill', { image })
    })
    const [definition] = ofType({ resources: settle(made.resources) }, 'AWS::ECS::TaskDefinition')
    expect(definition?.Properties.ContainerDefinitions[0]).toMatchObject({
      Image: `registry.example/mill@${digest}`,
      RepositoryCredentials: { CredentialsParameter: expect.anything() },
    })
  })

  test('of another account is taken by its digest and refused by a tag', () => {
    const take = (tag: string) => () =>
      synthHub({}, (hub, stack) => {
        const arn = 'arn:aws:ecr:eu-central-1:444455556666:repository/mill'
        const repository = Repository.fromRepositoryAttributes(stack, 'Mill', {
          repositoryArn: arn,
          repositoryName: 'mill',
        })
        hub.addWorker('mill', { image: ContainerImage.fromEcrRepository(repository, tag) })
      })
    expect(take(`sha256:${'ab'.repeat(32)}`)).not.toThrow()
    expect(take('latest')).toThrow(/addWorker mill: name the image by its digest/)
  })

  test('is refused by a tag', () => {
    expect(() => withWorker({ image: ContainerImage.fromRegistry('mill:v3') })).toThrow(/not by a tag: mill:v3/)
  })
})

describe('a worker that cannot be', () => {
  test.each<[string, Partial<WorkerProps>, string | RegExp]>([
    [
      'a size that Fargate has not',
      { cpu: 256, memoryMiB: 700 },
      'addWorker mill: cpu 256 goes with 512 to 2048 MiB of memory in steps of 512, not 700',
    ],
    ['a cpu that Fargate has not', { cpu: 300 }, /cpu 300 is none of 256, 512, 1024/],
    ['a disk too large', { diskGiB: 500 }, /diskGiB is 21 to 200/],
    ['less at most than at least', { scaling: { min: 5, max: 2 } }, /scaling: max is at least min/],
    ['half an instance', { scaling: { min: 0.5 } }, /scaling: min .*int/i],
    ['no task at a time', { concurrency: 0 }, /concurrency is a whole number from 1 to 1000, not 0/],
    ['a life of no task', { recycle: { maxTasks: 0 } }, /recycle: maxTasks /],
    ['waiting for ever', { idleSeconds: -1 }, /idleSeconds is 0 to 86,400, not -1/],
    [
      'a variable of the hub',
      { environment: { TASKURAI_TABLE: 'mine' } },
      /the variable TASKURAI_TABLE is for the hub/,
    ],
    [
      'a key in a variable',
      { environment: { AWS_SECRET_ACCESS_KEY: 'x' } },
      /the variable AWS_SECRET_ACCESS_KEY is for the hub/,
    ],
    ['nobody to tell its commands', { verify: false }, /verify: false needs a module or a manifest/],
  ])('%s', (_, props, message) => {
    expect(() => withWorker(props)).toThrow(message)
  })

  test('has a name that no queue could have', () => {
    expect(() => withWorker({}, 'Mill_1')).toThrow(/addWorker: Mill_1 cannot be its name: a worker name has lower-case/)
  })

  test('has no name at all', () => {
    expect(() => withWorker({}, null)).toThrow('addWorker: give the worker a name, a module or a manifest')
  })

  test('tells all that is wrong at once', () => {
    expect(() => withWorker({ cpu: 300, idleSeconds: -1 })).toThrow(/cpu 300.*; idleSeconds/)
  })
})

describe('a worker in another stack', () => {
  test('finds the hub by its name', () => {
    const app = newApp()
    const hub = new TaskHub(new Stack(app, 'Tasks'), 'Hub', { codeFolder })
    const other = new Stack(app, 'Mill')
    TaskHub.fromHubName(other, 'Hub', hub.hubName).addWorker('mill', { image: anImage, manifest })
    const parameters: Record<string, unknown> = {}
    const template = Template.fromStack(other).toJSON()
    const values: Readonly<Record<string, unknown>> = {
      '/taskurai/main/endpoint': 'https://abc123.execute-api.eu-central-1.amazonaws.com',
      '/taskurai/main/table': 'Tasks-HubTable-1',
      '/taskurai/main/bucket': 'taskurai-main-9f8e7d6c',
      '/taskurai/main/due-shards': '8',
      '/taskurai/main/directory-shards': '4',
      '/taskurai/main/subnets': ['subnet-1', 'subnet-2'],
      '/taskurai/main/security-groups': ['sg-1'],
      '/taskurai/main/public-ip': 'true',
    }
    for (const [id, { Default }] of Object.entries<{ Default: string }>(template.Parameters)) {
      parameters[id] = values[Default]
    }
    const resources = settle(template.Resources, parameters)
    const [registration] = ofType({ resources }, 'Custom::TaskuraiWorker')
    expect(registration?.Properties.ServiceToken).toBe(
      'arn:aws:lambda:eu-central-1:111122223333:function:taskurai-main-registrar',
    )
    expect(RegistrarProps.parse(JSON.parse(registration?.Properties.Registration)).launch).toEqual({
      kind: 'ecs',
      cluster: 'taskurai-main',
      taskDefinition: 'arn:aws:ecs:eu-central-1:111122223333:task-definition/main-mill:7',
      container: 'worker',
      subnets: ['subnet-1', 'subnet-2'],
      securityGroups: ['sg-1'],
      assignPublicIp: true,
      capacity: 'on-demand',
    })
    const [definition] = ofType({ resources }, 'AWS::ECS::TaskDefinition')
    const environment = definition?.Properties.ContainerDefinitions[0].Environment
    expect(environment).toContainEqual({ Name: 'TASKURAI_TABLE', Value: 'Tasks-HubTable-1' })
  })
})

/**
 * The import table of docs/design.md, section 7. Each folder is the only place where one kind of dependency is allowed.
 * A file belongs to the longest folder named here that it lies in.
 */
export interface Layer {
  /** Folders, or single files, of this repository it may import beside itself. */
  readonly may: readonly string[]
  readonly packages: readonly string[]
  /** Whether Node's own modules are allowed: what is portable runs without them. */
  readonly node: boolean | readonly string[]
}

const portable = { may: ['core'], node: false } as const

/** Types of what a caller says, and the table of content types. */
const clientTypes = ['client/contract.ts', 'client/transfers.ts', 'client/content-types.ts'] as const

export const layers: Readonly<Record<string, Layer>> = {
  'core/contract': { may: [], packages: ['zod'], node: false },
  core: { may: ['core/contract'], packages: ['zod'], node: false },
  'adapters/dynamodb': { may: ['core', 'adapters/aws'], packages: ['@aws-sdk/client-dynamodb'], node: false },
  'adapters/sqs': { may: ['core', 'adapters/aws'], packages: ['@aws-sdk/client-sqs'], node: false },
  'adapters/s3': {
    may: ['core', 'adapters/aws'],
    packages: ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'],
    node: true,
  },
  'adapters/ecs': { may: ['core', 'adapters/aws'], packages: ['@aws-sdk/client-ecs'], node: false },
  'adapters/cloudwatch-logs': {
    may: ['core', 'adapters/aws'],
    packages: ['@aws-sdk/client-cloudwatch-logs'],
    node: ['node:crypto', 'node:buffer'],
  },
  'adapters/api-gateway-sockets': {
    may: ['core', 'adapters/aws'],
    packages: ['@aws-sdk/client-apigatewaymanagementapi'],
    node: false,
  },
  'adapters/lambda': { may: ['core', 'adapters/aws'], packages: ['@aws-sdk/client-lambda'], node: false },
  'adapters/eventbridge': { may: ['core', 'adapters/aws'], packages: ['@aws-sdk/client-eventbridge'], node: false },
  // The world of a hub in an account, for its functions and its instances alike.
  'adapters/account': {
    may: ['core', 'adapters/dynamodb', 'adapters/sqs', 'adapters/s3', 'adapters/system'],
    packages: [],
    node: false,
  },
  // What all clients of AWS share: time-outs, retries, which failures mean "away".
  'adapters/aws': { may: ['core'], packages: ['@smithy/node-http-handler'], node: false },
  'adapters/powertools': { may: ['core'], packages: ['@aws-lambda-powertools/logger'], node: false },
  'adapters/files': { may: ['core'], packages: [], node: true },
  // The queue of the embedded hub is the one in memory, made again from the heads at opening.
  'adapters/lmdb': { may: ['core', 'adapters/memory'], packages: ['lmdb', 'zod'], node: true },
  'adapters/memory': { may: ['core'], packages: [], node: false },
  'adapters/process': { may: ['core'], packages: ['zod'], node: true },
  'adapters/sigv4': { may: ['core'], packages: [], node: true },
  'adapters/system': { may: ['core'], packages: ['ulid'], node: true },
  // `isUtf8` has no portable twin, and Lambda has it too.
  'functions/api': { ...portable, packages: ['hono', 'zod', 'ajv', 'ajv-formats', 're2js'], node: ['node:buffer'] },
  'functions/clock': { ...portable, may: ['core', 'functions/reactor'], packages: ['zod'] },
  'functions/reactor': { ...portable, packages: ['zod'] },
  'functions/intake': { ...portable, may: ['core', 'functions/api'], packages: ['zod'] },
  'functions/registrar': { ...portable, may: ['core', 'functions/api'], packages: ['zod'] },
  // The world of a function in an account, made of its environment. Handlers alone are Lambda-aware.
  'functions/home': { may: ['core', 'adapters'], packages: [], node: false },
  'functions/live': { ...portable, may: ['core', 'functions/api'], packages: ['zod'] },
  'functions/worker-protocol': { ...portable, packages: ['zod'] },
  ...Object.fromEntries(
    ['api', 'reactor', 'clock', 'intake', 'registrar', 'live'].map((name) => [
      `functions/${name}/handler.ts`,
      { may: ['core', 'functions', 'adapters'], packages: ['@types/aws-lambda', 'aws-lambda'], node: true },
    ]),
  ),
  // Constructs know the program by its contract and the environment that each function wants.
  lib: {
    may: [
      'core/contract',
      ...['api', 'reactor', 'clock', 'intake', 'registrar', 'live'].map((name) => `functions/${name}/config.ts`),
    ],
    packages: ['aws-cdk-lib', 'constructs', 'cdk-nag'],
    node: true,
  },
  // What runs in a browser has nothing of Node, and no package but the one whose users it is for.
  browser: { may: ['core/contract'], packages: [], node: false },
  react: { may: ['core/contract', 'browser'], packages: ['react'], node: false },
  // A program watches its tasks by the code that browsers do.
  client: { may: ['core/contract', 'browser'], packages: ['@smithy/signature-v4', '@opentelemetry/api'], node: true },
  'client/cli': { may: ['core/contract', 'client'], packages: ['commander'], node: true },
  // An instance calls its hub as any client does: it signs with the client's code and finds its keys the same way.
  'worker-runtime': {
    may: [
      'core',
      'adapters',
      // In a container of a hub in an account, an instance serves itself what the embedded hub serves it.
      'functions/worker-protocol',
      'functions/api/check-manifest.ts',
      // The door for sub tasks, which an instance in an account makes itself.
      'functions/api/catalog.ts',
      'functions/api/create-sub-tasks.ts',
      'client/sign.ts',
      'client/credentials.ts',
      'client/transfers.ts',
      'client/content-types.ts',
      'client/measure.ts',
      'client/verified.ts',
    ],
    // tsx: worker modules in TypeScript, where Node cannot load them by itself.
    packages: ['zod', 'ajv', 'ajv-formats', 'tsx', '@opentelemetry/api'],
    node: true,
  },
  embedded: {
    may: ['core', 'functions', 'adapters', 'worker-runtime'],
    packages: ['@hono/node-server', 'ws', 'zod'],
    node: true,
  },
  // A command under test lives through core's own lifecycle and is run by the runtime's own code, on memory and the
  // test's time. What a run says of steps, sub tasks and signals goes through the hub's own doors.
  testing: {
    may: [
      ...['core', 'worker-runtime', 'adapters/memory', 'adapters/system', 'functions/worker-protocol'],
      ...['catalog', 'create-sub-tasks', 'send-signal', 'shown-steps'].map((name) => `functions/api/${name}.ts`),
      ...clientTypes,
    ],
    packages: ['zod'],
    node: true,
  },
  // Executables hand the CLI what it may not import: the hub, the instance, the keys.
  bin: {
    may: ['client', 'embedded', 'worker-runtime', 'adapters', 'lib', 'examples', 'scripts/fresh-build.mjs'],
    packages: ['aws-cdk-lib'],
    node: true,
  },
  // What shows an example; the examples themselves are packages of their own (`isExample`).
  examples: { may: ['client', 'examples'], packages: [], node: true },
  scripts: { may: ['core'], packages: ['esbuild'], node: true },
  bench: {
    // What a task costs in an account is counted on the platform that the tests play on.
    may: [
      ...['core', 'adapters', 'client', 'embedded', 'functions', 'worker-runtime'],
      ...['test/support/platform', 'test/support/watcher.ts'],
    ],
    packages: ['bullmq', '@restatedev/restate-sdk', 'ws', 'zod', 'taskurai', '@aws-sdk/client-dynamodb'],
    node: true,
  },
}

/** Tests stand outside: they reach into everything. */
export const unchecked = ['test']

/** Where time, chance and ids come from; everybody else asks a port. */
export const mayReadTheWorld = [
  'adapters',
  // The client stands alone: it brings its own clock and chance, in one file.
  'client/system.ts',
  'browser/machine.ts',
  // Measures, and is measured by, the machine's clock.
  'bench',
  'scripts',
]

export const linesMost = 400
export const binLinesMost = 20

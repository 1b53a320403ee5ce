import type { ContainerImage, Secret } from 'aws-cdk-lib/aws-ecs'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Recycle } from '#core/contract/manifest'

/** An image that is built from a folder when the stack is deployed. Paths are relative to where the CDK app is run. */
export interface ImageFolder {
  /** What the build may copy from. */
  readonly directory: string
  /** The Dockerfile, relative to the folder. @default Dockerfile */
  readonly file?: string | undefined
  /** The stage of it to stop at. @default the last */
  readonly target?: string | undefined
  readonly buildArgs?: Readonly<Record<string, string>> | undefined
  /** What does not belong to the image, as in a `.dockerignore`, which counts too: a change in it would be a new image. */
  readonly exclude?: readonly string[] | undefined
}

export interface WorkerScaling {
  /** Instances that are always there: 7 $ a month each for the smallest, and 3.65 $ for its address. @default 0 */
  readonly min?: number | undefined
  /**
   * Instances of one generation: those that drain after a deploy, and the first of the new one, come on top. New accounts
   * may run very few at once: docs/deploy.md names the quota. @default 4
   */
  readonly max?: number | undefined
  /** How many waiting tasks justify an instance. @default the worker's concurrency */
  readonly tasksPerInstance?: number | undefined
}

export interface WorkerProps {
  /**
   * The module whose default export is the worker. It is imported while the app is synthesized, in a process of its own,
   * to learn its name, its commands and their schemas. Relative to where the CDK app is run.
   */
  readonly module?: string | undefined
  /**
   * Instead of `module`: the manifest that `taskurai manifest` wrote, in another repository or by hand for another
   * language. With neither, the worker registers from inside its container when it is deployed.
   */
  readonly manifest?: string | undefined
  /**
   * The image: a folder to build, or one that lies in a registry already, named by its digest so that one generation is
   * one program: `ContainerImage.fromEcrRepository(repository, 'sha256:…')`. Private registries take `credentials`.
   */
  readonly image: ImageFolder | ContainerImage
  /**
   * What the image is built for and run on. Building the other kind than that of the machine needs emulation, so take
   * `x86_64` where CI has no arm64. @default arm64, a fifth cheaper
   */
  readonly cpuArchitecture?: 'arm64' | 'x86_64' | undefined
  /** In 1/1024 of a vCPU. @default 512 */
  readonly cpu?: number | undefined
  /** @default 1024 */
  readonly memoryMiB?: number | undefined
  /** Disk of an instance; more than 20 is paid for. @default 20 */
  readonly diskGiB?: number | undefined
  /** @default what the worker's module says */
  readonly scaling?: WorkerScaling | undefined
  /** How many tasks an instance runs at a time. @default what the worker's module says, 1 */
  readonly concurrency?: number | undefined
  /**
   * When an instance makes room for a fresh one, after so many tasks, seconds or megabytes: for code that leaks.
   * @default what the worker's module says, never
   */
  readonly recycle?: Recycle | undefined
  /** How long an instance waits for work before it leaves. @default what the worker's module says, 30 */
  readonly idleSeconds?: number | undefined
  /**
   * Spare capacity of AWS, up to 70 % cheaper; an instance may be taken back with two minutes' notice, and its runs begin
   * anew. `preferred` falls back to the usual kind where there is none. @default no
   */
  readonly spot?: 'preferred' | 'only' | undefined
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** `Secret.fromSecretsManager(…)` or `Secret.fromSsmParameter(…)`; the roles get what they need for it. */
  readonly secrets?: Readonly<Record<string, Secret>> | undefined
  /**
   * Starts one instance of each new revision with `--check` while it is deployed, and fails the deployment with its
   * reason if that does not end well. @default true
   */
  readonly verify?: boolean | undefined
  /** @default that of the hub; one month, where the hub is of another stack */
  readonly logRetention?: RetentionDays | undefined
}

import { resolve } from 'node:path'
import { IgnoreMode, Stack } from 'aws-cdk-lib'
import { Platform } from 'aws-cdk-lib/aws-ecr-assets'
import { ContainerImage, CpuArchitecture } from 'aws-cdk-lib/aws-ecs'
import type { Construct } from 'constructs'
import type { ImageFolder, WorkerProps } from './worker-props.ts'

/** The architecture decides both what an image is built for and what it runs on: never one without the other. */
export const architectures = {
  arm64: { platform: Platform.LINUX_ARM64, cpu: CpuArchitecture.ARM64 },
  x86_64: { platform: Platform.LINUX_AMD64, cpu: CpuArchitecture.X86_64 },
} as const

export function imageOf(image: WorkerProps['image'], architecture: keyof typeof architectures): ContainerImage {
  if (!isFolder(image)) return image
  const { directory, file, target, buildArgs, exclude } = image
  return ContainerImage.fromAsset(resolve(directory), {
    platform: architectures[architecture].platform,
    ignoreMode: IgnoreMode.DOCKER,
    ...(file === undefined ? {} : { file }),
    ...(target === undefined ? {} : { target }),
    ...(buildArgs === undefined ? {} : { buildArgs: { ...buildArgs } }),
    ...(exclude === undefined ? {} : { exclude: [...exclude] }),
  })
}

function isFolder(image: WorkerProps['image']): image is ImageFolder {
  return 'directory' in image && !('bind' in image)
}

/** By digest, or by the hash of its content, which is how CDK names what it builds, in a repository that keeps names. */
const namesOneProgram = /@sha256:[0-9a-f]{64}$|:[0-9a-f]{64}$/

/** A tag may mean another program tomorrow: then two instances of one generation differ, and a rollback changes nothing. */
export function checkImageName(scope: Construct, worker: string, imageName: string): void {
  const texts = JSON.stringify(Stack.of(scope).resolve(imageName)).match(/[^"]+/g) ?? []
  if (texts.some((text) => namesOneProgram.test(text))) return
  throw new Error(
    `addWorker ${worker}: name the image by its digest (…@sha256:…), not by a tag: ${texts.at(-1) ?? imageName}. ` +
      '`docker buildx imagetools inspect <image>` shows it.',
  )
}

/** What Fargate takes together. CloudFormation says it only when the task definition is made. */
const GiB = 1_024

interface Size {
  readonly cpu: number
  readonly memoryMiB: { readonly least: number; readonly most: number; readonly step: number }
}

const sizes: readonly Size[] = [
  { cpu: 256, memoryMiB: { least: 512, most: 2 * GiB, step: 512 } },
  { cpu: 512, memoryMiB: { least: GiB, most: 4 * GiB, step: GiB } },
  { cpu: 1_024, memoryMiB: { least: 2 * GiB, most: 8 * GiB, step: GiB } },
  { cpu: 2_048, memoryMiB: { least: 4 * GiB, most: 16 * GiB, step: GiB } },
  { cpu: 4_096, memoryMiB: { least: 8 * GiB, most: 30 * GiB, step: GiB } },
  { cpu: 8_192, memoryMiB: { least: 16 * GiB, most: 60 * GiB, step: 4 * GiB } },
  { cpu: 16_384, memoryMiB: { least: 32 * GiB, most: 120 * GiB, step: 8 * GiB } },
]

const diskGiBLeast = 21
const diskGiBMost = 200

/** Says what is wrong with a size, if anything. */
export function sizeFault(cpu: number, memoryMiB: number, diskGiB: number | undefined): string | undefined {
  const size = sizes.find((each) => each.cpu === cpu)
  if (size === undefined) return `cpu ${cpu} is none of ${sizes.map((each) => each.cpu).join(', ')}`
  const { least, most, step } = size.memoryMiB
  const isStep = memoryMiB % step === 0 || memoryMiB === least
  if (memoryMiB < least || memoryMiB > most || !isStep) {
    return `cpu ${cpu} goes with ${least} to ${most} MiB of memory in steps of ${step}, not ${memoryMiB}`
  }
  if (diskGiB === undefined || (Number.isInteger(diskGiB) && diskGiB >= diskGiBLeast && diskGiB <= diskGiBMost)) return
  return `diskGiB is ${diskGiBLeast} to ${diskGiBMost}, or left out for the 20 that cost nothing, not ${diskGiB}`
}

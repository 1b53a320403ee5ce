/**
 * Where the papers of an order go, and how: a file is written beside its place and renamed into it, so that whoever
 * looks sees the whole file or none, and a run that died half-way leaves nothing under the final name.
 */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

const DEFAULT_FOLDER = '.taskurai/orders'

/** The folder of all papers: `ORDERS_OUT`, or `.taskurai/orders` where the process was started. */
export const ordersFolder = (): string => resolve(process.env.ORDERS_OUT || DEFAULT_FOLDER)

/** Names inside the orders folder; these stand in task results, which must not depend on a machine's paths. */
export const confirmationName = (orderId: string): string => `confirmations/order-${orderId}.pdf`
export const mailName = (orderId: string): string => `outbox/order-${orderId}.eml`

/** Reads a file, or answers undefined where there is none. */
export const readIfPresent = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Puts a whole file in place, over an older one if need be. */
export const writeWhole = async (path: string, bytes: Buffer, signal: AbortSignal): Promise<void> => {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  // A folder of its own for each try: two instances may be writing the same order.
  const scratch = await mkdtemp(join(folder, '.part-'))
  try {
    const draft = join(scratch, basename(path))
    await writeFile(draft, bytes, { flush: true, signal })
    await rename(draft, path)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'

/** A real Chromium, as the system has it. */

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const executablePath = findChromium()

/** Why there is none here; undefined where there is one. */
export function whyNoChromium(): string | undefined {
  if (executablePath !== undefined) return undefined
  const why = `there is no Chromium in PATH (${names.join(', ')}): install chromium`
  // Where nothing may be left out, a missing browser is a failure.
  if (process.env.CI === 'true') throw new Error(why)
  return why
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page
  readonly browser: Browser
  /** What went wrong in it: uncaught errors. */
  readonly errors: readonly string[]
}

export async function openPage(): Promise<OpenPage> {
  if (executablePath === undefined) throw new Error(whyNoChromium())
  // Tests run as root, in containers without the rights that a sandbox takes and with little shared memory.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']
  const browser = await puppeteer.launch({ executablePath, args, headless: true })
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.setViewport({ width: 900, height: 700 })
  return { page, browser, errors, [Symbol.asyncDispose]: () => browser.close() }
}

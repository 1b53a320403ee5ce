import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

interface Asset {
  readonly type: string
  readonly bytes: Uint8Array
}

/** By the path that the shop serves them at. */
export type Assets = ReadonlyMap<string, Asset>

const pathOf = (file: string): string => fileURLToPath(new URL(`page/${file}`, import.meta.url))

/** Both pages, their style and their scripts, bundled as any bundler does it. */
export async function buildPages(): Promise<Assets> {
  const { outputFiles } = await build({
    entryPoints: [pathOf('order.ts'), pathOf('orders.tsx')],
    outdir: pathOf('.'),
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  })
  const assets = new Map<string, Asset>()
  for (const { path, contents } of outputFiles) {
    assets.set(path.slice(path.lastIndexOf('/')), { type: 'text/javascript', bytes: contents })
  }
  for (const [path, file, type] of texts) {
    assets.set(path, { type: `${type}; charset=utf-8`, bytes: await readFile(pathOf(file)) })
  }
  return assets
}

const texts = [
  ['/', 'order.html', 'text/html'],
  ['/orders', 'orders.html', 'text/html'],
  ['/style.css', 'style.css', 'text/css'],
] as const

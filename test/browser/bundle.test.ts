import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { repository } from '../support/repository.ts'

/** What a page that imports `taskurai/browser` gets. */
async function bundle(entry: string) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: repository,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    // For browsers esbuild refuses every module of Node.
    platform: 'browser',
    target: 'es2022',
    external: ['react'],
    metafile: true,
    write: false,
  })
  const [output] = Object.values(metafile.outputs)
  return {
    text: outputFiles[0]?.text ?? '',
    bytes: outputFiles[0]?.contents.byteLength ?? 0,
    inputs: Object.keys(metafile.inputs),
    outside: output?.imports.map(({ path }) => path) ?? [],
  }
}

const bytesMost = 4_096

it('the browser module is small, and is nothing but itself', async () => {
  const { text, bytes, inputs, outside } = await bundle('browser/index.ts')
  expect(bytes).toBeLessThan(bytesMost)
  expect(inputs.filter((path) => !path.startsWith('browser/'))).toEqual([])
  expect(outside).toEqual([])
  expect(text).not.toMatch(/\b(?:process|Buffer|require|global)\b/)
})

it('the hooks are small too, and know React alone', async () => {
  const { bytes, inputs, outside } = await bundle('react/index.ts')
  expect(bytes).toBeLessThan(1.25 * bytesMost)
  expect(inputs.filter((path) => !/^(?:browser|react)\//.test(path))).toEqual([])
  expect([...new Set(outside)]).toEqual(['react'])
})

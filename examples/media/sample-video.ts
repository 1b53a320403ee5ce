/**
 * A real video for the example and the tests: the first ten seconds of "Sintel" with their sound, as the segment of an
 * MPEG-2 transport stream, out of the npm package `mux.js`, which tests itself with it.
 */
import { createRequire } from 'node:module'

export const sampleVideo = { title: 'Sintel', seconds: 10, width: 400, height: 170, contentType: 'video/mp2t' } as const

export const sampleVideoPath = (): string =>
  createRequire(import.meta.url).resolve('mux.js/test/segments/sintel-captions.ts')

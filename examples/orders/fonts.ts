/**
 * The two fonts of the papers, parsed once a process at the first order: parsing them for every PDF costs three times
 * as much as all the drawing. Embedded fonts, not the fourteen of the PDF standard: those stop at Western European
 * letters, and customers don't.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { create, type Font } from 'fontkit'

declare global {
  namespace PDFKit.Mixins {
    interface PDFFont {
      // pdfkit takes a parsed font too, which its published types don't tell.
      registerFont(name: string, src: Font): this
    }
  }
}

export type Fonts = { readonly regular: Font; readonly bold: Font }

const parse = (style: string): Font => {
  const { resolve } = createRequire(import.meta.url)
  const font = create(readFileSync(resolve(`@expo-google-fonts/source-sans-3/${style}/SourceSans3_${style}.ttf`)))
  if (!('layout' in font)) throw new Error(`the file of ${style} holds a collection, not one font`)
  return font
}

let fonts: Fonts | undefined

/** The parsed fonts. Papers share them: drawing only reads a font, each PDF cuts its own subset. */
export const loadFonts = (): Fonts => {
  fonts ??= { regular: parse('400Regular'), bold: parse('600SemiBold') }
  return fonts
}

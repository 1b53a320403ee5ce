/** Lines as UTF-8 in one buffer that is used again: joining long strings would copy them twice. */
const bytesAtFirst = 256 * 1_024
const bytesPerCharMost = 3
const newline = 10

export class LineBuffer {
  #buffer = Buffer.allocUnsafe(bytesAtFirst)
  #length = 0

  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#length = 0
  }

  /** One line: a mark of one ASCII character, then the text. */
  add(mark: string, text: string): void {
    const needed = this.#length + 2 + text.length * bytesPerCharMost
    if (needed > this.#buffer.length) this.#grow(needed)
    if (this.#length > 0) this.#buffer[this.#length++] = newline
    this.#buffer[this.#length++] = mark.charCodeAt(0)
    this.#length += this.#buffer.write(text, this.#length, 'utf8')
  }

  /** A view, good until the next `clear`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

/** Lines as UTF-8 in one buffer that is used again for every flush: joining long strings would copy them twice. */
const bytesAtFirst = 1_024 * 1_024
const bytesPerCharMost = 3

export class LineBuffer {
  #buffer = Buffer.allocUnsafe(bytesAtFirst)
  #length = 0

  clear(): void {
    this.#length = 0
  }

  add(line: string): void {
    const needed = this.#length + 1 + line.length * bytesPerCharMost
    if (needed > this.#buffer.length) this.#grow(needed)
    if (this.#length > 0) this.#buffer[this.#length++] = 10
    this.#length += this.#buffer.write(line, this.#length, 'utf8')
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

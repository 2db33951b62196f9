/** Cuts a stream at lines that start with the mark. What came since the line before is the line's body. */
export class AnswerReader {
  readonly #needle: Buffer
  readonly #take: (words: readonly string[], body: Buffer) => void
  #parts: Buffer[] = []
  /** The end of what has come that may be the beginning of a mark's line. */
  #tail: Buffer = Buffer.alloc(0)

  constructor(mark: string, take: (words: readonly string[], body: Buffer) => void) {
    this.#needle = Buffer.from(`${mark} `)
    this.#take = take
  }

  push(chunk: Buffer): void {
    let data = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk])
    for (;;) {
      const start = data.indexOf(this.#needle)
      const end = start < 0 ? -1 : data.indexOf('\n', start)
      if (end < 0) {
        this.#keep(data, start)
        return
      }
      this.#parts.push(data.subarray(0, start))
      // Chunks are put together once: doing it as they come is quadratic (50 MB took 23 s).
      const body = Buffer.concat(this.#parts)
      this.#parts = []
      this.#take(data.toString('latin1', start + this.#needle.length, end).split(' '), body)
      data = data.subarray(end + 1)
    }
  }

  #keep(data: Buffer, start: number): void {
    const from = start < 0 ? Math.max(0, data.length - this.#needle.length + 1) : start
    if (from > 0) this.#parts.push(data.subarray(0, from))
    this.#tail = data.subarray(from)
  }
}

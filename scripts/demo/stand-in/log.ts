import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Lines as Elasticsearch writes them to `<cluster>.log`. */
export class ServerLog {
  readonly file: string
  readonly #node: string

  constructor(file: string, node: string) {
    this.file = file
    this.#node = node
    mkdirSync(dirname(file), { recursive: true })
  }

  write(level: 'INFO' | 'WARN' | 'ERROR', logger: string, text: string): void {
    const time = new Date().toISOString().replace('.', ',').replace('Z', '')
    appendFileSync(this.file, `[${time}][${level.padEnd(5)}][${logger.padEnd(25)}] [${this.#node}] ${text}\n`)
  }
}

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Member {
  readonly id: string
  readonly name: string
  readonly pid: number
  readonly cluster: string
  /** Milliseconds since 1970. */
  readonly joinedAt: number
}

/** A folder that the nodes share stands for their transport layer: a node is in the cluster while its process lives. */
export class SharedCluster {
  readonly #folder: string
  readonly #name: string

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
    mkdirSync(folder, { recursive: true })
  }

  join(member: Member): void {
    const file = this.#file(member)
    writeFileSync(`${file}.tmp`, JSON.stringify(member))
    renameSync(`${file}.tmp`, `${file}.json`)
  }

  leave(member: Member): void {
    rmSync(`${this.#file(member)}.json`, { force: true })
  }

  /** The one that is a member longest is the master. */
  members(): readonly Member[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => memberIn(join(this.#folder, name)))
      .filter((member) => member.cluster === this.#name && isAlive(member.pid))
      .sort((one, other) => one.joinedAt - other.joinedAt || (one.name < other.name ? -1 : 1))
  }

  /** The persistent settings, which the cluster keeps. */
  settings(): Readonly<Record<string, string>> {
    const file = this.#settingsFile
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {}
  }

  /** null takes one away. */
  changeSettings(changes: Readonly<Record<string, string | null>>): void {
    const all = Object.entries({ ...this.settings(), ...changes }).filter(([, value]) => value !== null)
    writeFileSync(`${this.#settingsFile}.tmp`, JSON.stringify(Object.fromEntries(all)))
    renameSync(`${this.#settingsFile}.tmp`, this.#settingsFile)
  }

  get #settingsFile(): string {
    return join(this.#folder, `${this.#name}.settings`)
  }

  #file(member: Member): string {
    return join(this.#folder, member.name)
  }
}

function memberIn(file: string): readonly Member[] {
  try {
    return [JSON.parse(readFileSync(file, 'utf8')) as Member]
  } catch {
    // It left between the two looks.
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

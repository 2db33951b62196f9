import { spawnSync } from 'node:child_process'
import type { Problem } from '../errors.ts'
import type { Vault } from '../secrets/vault.ts'
import type { InventoryBuilder, Source } from './inventory-builder.ts'
import { jsonVariableValue, parseJson } from './yaml-values.ts'

/*
 * An inventory programme, after ansible-core's lib/ansible/plugins/inventory/script.py: `--list` prints the groups as
 * JSON, with all hosts' variables in `_meta.hostvars`; without that, `--host NAME` is asked for each host.
 */

type JsonMap = Readonly<Record<string, unknown>>

export interface ScriptTarget {
  readonly builder: InventoryBuilder
  readonly vault: Vault
}

export function readScript(source: Source, into: ScriptTarget): readonly Problem[] {
  const listed = runForJson(source.file, ['--list'])
  if (listed.kind === 'failed') return [listed.problem]
  const reader = new ScriptReader(source, into)
  for (const [group, data] of Object.entries(listed.value)) {
    if (group !== '_meta') reader.readGroup(group, data)
  }
  reader.readHostVariables(listed.value['_meta'])
  return reader.problems
}

class ScriptReader {
  readonly problems: Problem[] = []
  readonly #source: Source
  readonly #builder: InventoryBuilder
  readonly #vault: Vault
  readonly #hosts = new Set<string>()

  constructor(source: Source, into: ScriptTarget) {
    this.#source = source
    this.#builder = into.builder
    this.#vault = into.vault
  }

  readGroup(group: string, data: unknown): void {
    this.#builder.addGroup(group)
    // Two old forms, still read by Ansible: a bare list of hosts, and variables of a host named like the group.
    const parts = isMap(data) ? data : { hosts: data }
    const isHost = !['hosts', 'vars', 'children'].some((key) => key in parts)
    const { hosts = [], vars = {}, children = [] } = isHost ? { hosts: [group], vars: parts } : parts
    if (!isStringList(hosts) || !isMap(vars) || !isStringList(children)) {
      this.#refuse(`Group "${group}" of the inventory programme needs a list of hosts, a list of children and a map of vars`)
      return
    }
    for (const host of hosts) {
      this.#hosts.add(host)
      this.#builder.addHost(host, group, { source: this.#source })
    }
    this.#setAll(group, vars)
    for (const child of children) {
      this.#builder.addGroup(child)
      if (!this.#builder.addChild(group, child)) {
        this.#refuse(`Group "${child}" cannot be inside "${group}": it would contain itself`)
      }
    }
  }

  readHostVariables(meta: unknown): void {
    const known = isMap(meta) ? meta['hostvars'] : undefined
    if (known !== undefined && !isMap(known)) {
      this.#refuse('"_meta.hostvars" of the inventory programme is not a map')
      return
    }
    for (const host of this.#hosts) {
      const vars = known === undefined ? this.#ask(host) : (ownValue(known, host) ?? {})
      if (isMap(vars)) this.#setAll(host, vars)
      else this.#refuse(`The variables of host "${host}" from the inventory programme are not a map`)
    }
  }

  #ask(host: string): unknown {
    const answer = runForJson(this.#source.file, ['--host', host])
    if (answer.kind === 'done') return answer.value
    this.problems.push(answer.problem)
    return {}
  }

  #setAll(name: string, vars: JsonMap): void {
    for (const [key, value] of Object.entries(vars)) {
      const read = jsonVariableValue(value, this.#vault, `"${key}" of "${name}" (${this.#source.file})`)
      if (!this.#builder.setVariable(name, key, read)) {
        this.#refuse(`"${key}" of group "${name}" must be a whole number`)
      }
    }
  }

  #refuse(message: string): void {
    this.problems.push({ message, position: { file: this.#source.file, line: 1, column: 1 } })
  }
}

type Answer = { kind: 'done'; value: JsonMap } | { kind: 'failed'; problem: Problem }

function runForJson(file: string, words: readonly string[]): Answer {
  const command = `"${file} ${words.join(' ')}"`
  const failed = (message: string, hint?: string): Answer => ({
    kind: 'failed',
    problem: { message, position: { file, line: 1, column: 1 }, hint },
  })
  const run = spawnSync(file, words, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] })
  if (run.error !== undefined) return failed(`The inventory programme ${command} cannot be run`, run.error.message)
  if (run.status !== 0) {
    const status = String(run.status ?? run.signal)
    return failed(`The inventory programme ${command} ended with status ${status}`, run.stderr.trim() || undefined)
  }
  // Nothing at all from --host means no variables.
  if (words[0] === '--host' && run.stdout.trim() === '') return { kind: 'done', value: {} }
  const value = parseJson(run.stdout)
  if (!isMap(value)) return failed(`The inventory programme ${command} did not print a JSON object`, run.stderr.trim() || undefined)
  return { kind: 'done', value }
}

function ownValue(map: JsonMap, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStringList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

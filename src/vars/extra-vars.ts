import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileErrorText, UsageError } from '../errors.ts'
import { variableValues } from '../inventory/yaml-values.ts'
import type { Vault } from '../secrets/vault.ts'
import { parseYaml } from '../yaml-source.ts'
import { keyValue, splitArgumentWords } from './key-values.ts'

export interface ExtraVarsOptions {
  /** What `@file` is relative to. */
  readonly folder: string
  /** Opens vaulted files and `!vault` values. */
  readonly vault: Vault
}

/** `-e`, in the order given; later ones win. `@file`, JSON, YAML in braces, or `key=value` words (always texts). */
export function parseExtraVars(given: readonly string[], options: ExtraVarsOptions): Readonly<Record<string, unknown>> {
  return Object.assign({}, ...given.map((text) => parseOne(text, options))) as Record<string, unknown>
}

function parseOne(text: string, options: ExtraVarsOptions): Readonly<Record<string, unknown>> {
  const trimmed = text.trim()
  if (trimmed === '') return {}
  if (trimmed.startsWith('@')) return parseFile(trimmed.slice(1), options)
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) return parseMapping(text, '-e', options.vault)
  return parsePairs(text)
}

function parseFile(name: string, { folder, vault }: ExtraVarsOptions): Readonly<Record<string, unknown>> {
  const file = resolve(folder, name)
  const text = readText(file)
  return parseMapping(vault.isEncrypted(text) ? vault.decrypt(text, `"${file}"`).reveal() : text, file, vault)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`Cannot read the file "${file}" given to -e: ${fileErrorText(error)}`)
  }
}

function parseMapping(text: string, file: string, vault: Vault): Readonly<Record<string, unknown>> {
  const { root, problems } = parseYaml(text, file)
  const [first] = problems
  if (first !== undefined)
    throw new UsageError(`${first.message}, in the variables of -e`, { position: first.position })
  if (root === undefined) return {}
  if (root.kind !== 'map') throw new UsageError('The variables of -e must be a mapping', { position: root.position })
  return variableValues(root, vault)
}

function parsePairs(text: string): Readonly<Record<string, unknown>> {
  const words = splitArgumentWords(text)
  if ('problem' in words) throw new UsageError(`${words.problem}, in "-e ${text}"`)
  return Object.fromEntries(
    words.map((word) => {
      const pair = keyValue(word)
      if (pair !== undefined) return [pair.key, pair.value]
      throw new UsageError(`"${word}" is no variable for -e`, { hint: 'Write -e key=value, -e @file, or JSON' })
    }),
  )
}

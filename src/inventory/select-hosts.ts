import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { asError, type Position, type Problem } from '../errors.ts'
import { parseAddress } from './address.ts'
import { globPattern } from './glob.ts'
import { hostsIn, isLocalhost } from './group-walk.ts'
import type { Inventory } from './inventory.ts'
import { nearest } from '../nearest.ts'

/*
 * Host patterns, after ansible-core's lib/ansible/inventory/manager.py. Ansible warns of a name that it does not know
 * and goes on with the others; here that is a problem, also after `!`, where a typing error would select too much.
 */

export interface Selection {
  /** In Ansible's order, each once. May hold `localhost` though no source names it. */
  readonly hosts: readonly string[]
  readonly problems: readonly Problem[]
}

export interface SelectOptions {
  /** The hosts of `selectLimit`; what it leaves out is no problem. */
  readonly limit?: ReadonlySet<string> | undefined
  /** Where the pattern was written. */
  readonly position?: Position | undefined
}

/** The hosts of a play's `hosts:`. A pattern that selects no host even without the limit is a problem. */
export function selectHosts(
  inventory: Inventory,
  pattern: string | readonly string[],
  options: SelectOptions = {},
): Selection {
  const parts = typeof pattern === 'string' ? splitPattern(pattern) : pattern.flatMap(splitPattern)
  const name = typeof pattern === 'string' ? pattern : pattern.join(',')
  const { hosts, problems } = select(inventory, parts, { name, position: options.position })
  const { limit } = options
  return { hosts: limit === undefined ? hosts : hosts.filter((host) => limit.has(host)), problems }
}

/** The hosts of `--limit`. `@file` stands for the patterns in the file, one a line; `folder` is what it is relative to. */
export function selectLimit(inventory: Inventory, limit: string, folder: string): Selection {
  const problems: Problem[] = []
  const parts = splitPattern(limit).flatMap((part) => {
    if (!part.startsWith('@')) return [part]
    try {
      const lines = readFileSync(resolve(folder, part.slice(1)), 'utf8').split('\n')
      return lines.map((line) => line.trim()).filter((line) => line !== '')
    } catch (error) {
      const hint = asError(error).message
      problems.push({ message: `The limit file "${part.slice(1)}" cannot be read`, hint })
      return []
    }
  })
  if (problems.length > 0) return { hosts: [], problems }
  return select(inventory, parts, { name: `--limit ${limit}`, position: undefined })
}

interface Origin {
  readonly name: string
  readonly position: Position | undefined
}

function select(inventory: Inventory, parts: readonly string[], origin: Origin): Selection {
  const problems: Problem[] = []
  let hosts: readonly string[] = []
  for (const part of inOrderOfEvaluation(parts)) {
    const matched = matchPart(inventory, part)
    problems.push(...matched.problems.map((problem) => ({ ...problem, position: origin.position })))
    const found = new Set(matched.hosts)
    if (part.startsWith('!')) hosts = hosts.filter((host) => !found.has(host))
    else if (part.startsWith('&')) hosts = hosts.filter((host) => found.has(host))
    else hosts = [...new Set([...hosts, ...found])]
  }
  if (hosts.length === 0 && problems.length === 0) {
    problems.push({ message: `"${origin.name}" selects no host`, position: origin.position, hint: hostsHint(inventory) })
  }
  return { hosts, problems }
}

/** Unions first, then intersections, then exclusions, wherever they are written. */
function inOrderOfEvaluation(parts: readonly string[]): readonly string[] {
  const exclusions = parts.filter((part) => part.startsWith('!'))
  const intersections = parts.filter((part) => part.startsWith('&'))
  const unions = parts.filter((part) => !part.startsWith('!') && !part.startsWith('&'))
  return [...(unions.length > 0 ? unions : ['all']), ...intersections, ...exclusions]
}

/** At commas if there is one, else at colons, unless the whole is one address. */
function splitPattern(pattern: string): string[] {
  const isOne = pattern.includes(',') || parseAddress(pattern) !== undefined
  const parts = isOne ? pattern.split(',') : (pattern.match(/(?:[^\s:[\]]|\[[^\]]*\])+/g) ?? [])
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function matchPart(inventory: Inventory, part: string): Selection {
  if (inventory.hosts.has(part)) return { hosts: [part], problems: [] }
  const pattern = /^[!&]/.test(part) ? part.slice(1) : part
  const { expression, subscript } = splitSubscript(pattern)
  const matches = matcherOf(expression)
  if (matches === undefined) {
    const hint = 'After ~ comes a regular expression'
    return { hosts: [], problems: [{ message: `The host pattern "${pattern}" is not valid`, hint }] }
  }
  const { hosts, isKnown } = enumerate(inventory, expression, matches)
  if (!isKnown) return { hosts: [], problems: [unknownName(inventory, expression)] }
  const chosen = hosts.length === 0 ? hosts : applySubscript(hosts, subscript)
  if (chosen !== undefined) return { hosts: chosen, problems: [] }
  const message = `The host pattern "${pattern}" asks for a host beyond the ${String(hosts.length)} of "${expression}"`
  return { hosts: [], problems: [{ message }] }
}

function enumerate(inventory: Inventory, expression: string, matches: (name: string) => boolean) {
  const groups = [...inventory.groups.keys()].filter(matches)
  const hosts = groups.flatMap((group) => hostsIn(inventory, group))
  const mayBeHosts = groups.length === 0 || expression.startsWith('~') || /[.?*[]/.test(expression)
  if (mayBeHosts) for (const host of inventory.hosts.keys()) if (matches(host)) hosts.push(host)
  if (hosts.length === 0 && isLocalhost(expression)) {
    hosts.push([...inventory.hosts.keys()].find(isLocalhost) ?? expression)
  }
  const isWord = !expression.startsWith('~') && !/[?*[]/.test(expression)
  return { hosts, isKnown: hosts.length > 0 || groups.length > 0 || !isWord }
}

function matcherOf(expression: string): ((name: string) => boolean) | undefined {
  if (!expression.startsWith('~')) {
    const pattern = globPattern(expression)
    return (name) => pattern.test(name)
  }
  try {
    const pattern = new RegExp(`^(?:${pythonRegex(expression.slice(1))})`)
    return (name) => pattern.test(name)
  } catch {
    return undefined
  }
}

/** What the two languages write differently and people use in host patterns. */
function pythonRegex(source: string): string {
  return source.replaceAll('(?P<', '(?<').replaceAll('\\Z', '$').replaceAll('\\A', '^')
}

interface Subscript {
  readonly start: number
  /** Inclusive; undefined for the one host at `start`, -1 for all to the end. */
  readonly end: number | undefined
}

function splitSubscript(pattern: string): { expression: string; subscript: Subscript | undefined } {
  const match = pattern.startsWith('~') ? null : /^(.+)\[(?:(-?[0-9]+)|([0-9]+)[:-]([0-9]*))\]$/.exec(pattern)
  if (match === null) return { expression: pattern, subscript: undefined }
  const [, expression = '', index, start, end = ''] = match
  if (index !== undefined) return { expression, subscript: { start: Number(index), end: undefined } }
  return { expression, subscript: { start: Number(start), end: end === '' ? -1 : Number(end) } }
}

/** Undefined when the subscript asks for a host that is not there. */
function applySubscript(hosts: readonly string[], subscript: Subscript | undefined): readonly string[] | undefined {
  if (subscript === undefined) return hosts
  const { start, end } = subscript
  // Ansible takes an end of 0 for none: [0:0] and [1:0] are [0] and [1].
  if (end !== undefined && end !== 0) return hosts.slice(start, end === -1 ? undefined : end + 1)
  const host = hosts.at(start)
  return host === undefined ? undefined : [host]
}

function unknownName(inventory: Inventory, name: string): Problem {
  const meant = nearest(name, [...inventory.groups.keys(), ...inventory.hosts.keys()])
  const hint = meant === undefined ? hostsHint(inventory) : `Did you mean "${meant}"?`
  return { message: `No host or group of the inventory is called "${name}"`, hint }
}

function hostsHint(inventory: Inventory): string {
  const groups = [...inventory.groups.values()].filter((group) => group.hosts.length > 0 && group.name !== 'ungrouped')
  if (groups.length === 0) return 'The inventory names no host in any group: give one with -i'
  const shown = groups.slice(0, 8).map((group) => group.name)
  return `The groups with hosts are ${shown.join(', ')}${groups.length > shown.length ? ' and others' : ''}`
}

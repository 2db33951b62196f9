import type { Position, Problem } from '../errors.ts'
import { parseAddress } from './address.ts'
import { expandRanges } from './host-range.ts'
import type { InventoryBuilder, Source } from './inventory-builder.ts'
import { typedValue } from './python-literal.ts'
import { splitWords, type Word } from './shell-words.ts'

/*
 * The INI inventory, after ansible-core's lib/ansible/plugins/inventory/ini.py. Groups named only as children may be
 * declared later in the file; what is still undeclared at its end is a problem.
 */

interface Section {
  readonly group: string
  readonly kind: 'hosts' | 'children' | 'vars'
}

interface PendingGroup {
  readonly kind: 'children' | 'vars'
  readonly parents: string[]
  readonly position: Position
}

interface Line {
  readonly text: string
  /** The position of a place in the line, counted from 0. */
  readonly at: (offset: number) => Position
}

const sectionPattern = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/
const groupNamePattern = /^([^:\]\s]+)\s*(?:#.*)?$/
// Python's str.splitlines.
const lineEnds = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/

/** Adds what the text says to the builder. Problems come with their positions; the rest of the text is still read. */
export function readIni(text: string, source: Source, builder: InventoryBuilder): readonly Problem[] {
  const reader = new IniReader(source, builder)
  for (const [index, raw] of text.split(lineEnds).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    const indent = raw.length - raw.trimStart().length
    reader.read({ text: line, at: (offset) => ({ file: source.file, line: index + 1, column: indent + offset + 1 }) })
  }
  return reader.finish()
}

class IniReader {
  readonly #source: Source
  readonly #builder: InventoryBuilder
  readonly #problems: Problem[] = []
  readonly #pending = new Map<string, PendingGroup>()
  #section: Section | undefined = { group: 'ungrouped', kind: 'hosts' }

  constructor(source: Source, builder: InventoryBuilder) {
    this.#source = source
    this.#builder = builder
  }

  read(line: Line): void {
    const section = sectionPattern.exec(line.text)
    if (section !== null) {
      this.#section = this.#openSection(section[1] ?? '', section[2] ?? 'hosts', line)
    } else if (line.text.startsWith('[') && line.text.endsWith(']')) {
      this.#refuse(line, 0, `"${line.text}" is no section header`, 'Write [group], [group:children] or [group:vars], without spaces')
      this.#section = undefined
    } else if (this.#section?.kind === 'hosts') {
      this.#readHosts(line, this.#section.group)
    } else if (this.#section?.kind === 'vars') {
      this.#readVariable(line, this.#section.group)
    } else if (this.#section?.kind === 'children') {
      this.#readChild(line, this.#section.group)
    }
  }

  finish(): readonly Problem[] {
    for (const [name, { kind, parents, position }] of this.#pending) {
      const message =
        kind === 'vars'
          ? `Section [${name}:vars] is for a group that no section declares`
          : `Section [${parents.at(-1) ?? ''}:children] names the undeclared group "${name}"`
      this.#problems.push({ message, position, hint: `Declare it with a section [${name}], which may be empty` })
    }
    return this.#problems
  }

  #openSection(group: string, kind: string, line: Line): Section | undefined {
    if (kind !== 'hosts' && kind !== 'children' && kind !== 'vars') {
      const hint = 'The kinds are [group], [group:children] and [group:vars]'
      this.#refuse(line, line.text.indexOf(':') + 1, `Section [${group}:${kind}] has the unknown kind "${kind}"`, hint)
      return undefined
    }
    if (!this.#builder.hasGroup(group)) {
      if (kind === 'vars' && !this.#pending.has(group)) {
        this.#pending.set(group, { kind: 'vars', parents: [], position: line.at(0) })
      }
      this.#builder.addGroup(group)
    }
    if (kind !== 'vars') this.#settle(group)
    return { group, kind }
  }

  /** A group that others waited for is declared now. */
  #settle(group: string): void {
    const pending = this.#pending.get(group)
    if (pending === undefined) return
    this.#pending.delete(group)
    for (const parent of pending.parents) {
      this.#adopt(parent, group, pending.position)
      if (this.#pending.get(parent)?.kind === 'children') this.#settle(parent)
    }
  }

  #readHosts(line: Line, group: string): void {
    const split = splitWords(line.text)
    if (split.kind === 'unfinished') {
      const hint = 'A quote in a value must be paired or escaped with a backslash'
      this.#refuse(line, 0, `The line cannot be split into words: ${split.problem}`, hint)
      return
    }
    const [name, ...assignments] = split.words
    if (name === undefined) return
    const hosts = this.#expand(name, line)
    const variables = assignments.flatMap((word) => this.#assignment(word, line))
    for (const host of hosts?.names ?? []) {
      this.#builder.addHost(host, group, { source: this.#source, port: hosts?.port })
      for (const [key, value] of variables) this.#set(host, key, value, line.at(0))
    }
  }

  #expand(word: Word, line: Line): { names: readonly string[]; port: number | undefined } | undefined {
    const address = parseAddress(word.text)
    const pattern = address?.host ?? word.text
    if (pattern === '' || pattern === '---' || (pattern.endsWith(':') && address?.port === undefined)) {
      const hint =
        pattern === '---' ? 'This looks like YAML: name the file .yml' : 'A host is a name, an address, or either with :port'
      this.#refuse(line, word.offset, `"${word.text}" is no host name`, hint)
      return undefined
    }
    const expansion = expandRanges(pattern)
    if (expansion.kind === 'names') return { names: expansion.names, port: address?.port }
    this.#refuse(line, word.offset, `The host range "${word.text}" is not valid: ${expansion.problem}`)
    return undefined
  }

  #assignment(word: Word, line: Line): [string, unknown][] {
    const equals = word.text.indexOf('=')
    if (equals >= 0) return [[word.text.slice(0, equals), typedValue(word.text.slice(equals + 1))]]
    const hint = 'After the host come key=value pairs; a value with spaces needs quotes, several hosts need several lines'
    this.#refuse(line, word.offset, `"${word.text}" is no key=value pair`, hint)
    return []
  }

  #readVariable(line: Line, group: string): void {
    const equals = line.text.indexOf('=')
    if (equals < 0) {
      this.#refuse(line, 0, `"${line.text}" is no key=value pair`, `In [${group}:vars] every line is key=value`)
      return
    }
    const value = typedValue(line.text.slice(equals + 1).trim())
    this.#set(group, line.text.slice(0, equals).trim(), value, line.at(0))
  }

  #readChild(line: Line, group: string): void {
    const child = groupNamePattern.exec(line.text)?.[1]
    if (child === undefined) {
      this.#refuse(line, 0, `"${line.text}" is no group name`, `In [${group}:children] every line is the name of one group`)
      return
    }
    const pending = this.#pending.get(child)
    if (this.#builder.hasGroup(child)) this.#adopt(group, child, line.at(0))
    else if (pending === undefined) this.#pending.set(child, { kind: 'children', parents: [group], position: line.at(0) })
    else pending.parents.push(group)
  }

  #adopt(group: string, child: string, position: Position): void {
    if (this.#builder.addChild(group, child)) return
    this.#problems.push({ message: `Group "${child}" cannot be inside "${group}": it would contain itself`, position })
  }

  #set(name: string, key: string, value: unknown, position: Position): void {
    if (this.#builder.setVariable(name, key, value)) return
    this.#problems.push({ message: `"${key}" of group "${name}" must be a whole number`, position })
  }

  #refuse(line: Line, offset: number, message: string, hint?: string): void {
    this.#problems.push({ message, position: line.at(offset), hint })
  }
}

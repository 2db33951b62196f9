import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileErrorText, throwProblems, type Problem } from '../errors.ts'
import type { Module } from '../modules/module.ts'
import { catalogueOf } from './catalogue.ts'
import type { ParseContext } from './parse-context.ts'
import { parseItems } from './parse-items.ts'
import { parsePlays } from './parse-play.ts'
import type { Item, Playbook, RawMap } from './playbook.ts'
import { rawMap } from './raw-value.ts'
import { readRoot } from './read-file.ts'

type Modules = ReadonlyMap<string, Module>

/** Reads a playbook with all that it imports. Throws an InputError with every problem of all files. */
export function loadPlaybook(file: string, modules: Modules): Playbook {
  const { playbook, problems } = readPlaybook(file, modules)
  throwProblems(problems)
  return playbook
}

export interface PlaybookReading {
  readonly playbook: Playbook
  readonly problems: readonly Problem[]
}

/** The same without throwing: what could be read, and what is wrong with the rest. */
export function readPlaybook(file: string, modules: Modules): PlaybookReading {
  const problems: Problem[] = []
  const opened = open(file, modules, problems)
  if (opened === undefined) return { playbook: { file: resolve(file), plays: [] }, problems }
  const plays = parsePlays(readRoot(opened.text, opened.context), opened.context)
  if (plays.length === 0 && problems.length === 0) problems.push({ message: `The playbook "${file}" has no plays` })
  return { playbook: { file: opened.context.file, plays }, problems }
}

/** The tasks of a file named by include_tasks. Throws an InputError. */
export function loadTaskFile(file: string, modules: Modules): readonly Item[] {
  const { items, problems } = readTaskFile(file, modules)
  throwProblems(problems)
  return items
}

export interface TaskFileReading {
  readonly items: readonly Item[]
  readonly problems: readonly Problem[]
}

export function readTaskFile(file: string, modules: Modules): TaskFileReading {
  const problems: Problem[] = []
  const opened = open(file, modules, problems)
  const items = opened === undefined ? [] : parseItems(readRoot(opened.text, opened.context), 'task', opened.context)
  return { items, problems }
}

/** A file of `vars_files`; what is wrong with it goes to `problems`. */
export function loadVarsFile(file: string, folder: string, problems: Problem[]): RawMap {
  const opened = open(isAbsolute(file) ? file : join(folder, file), new Map(), problems)
  if (opened === undefined) return {}
  const root = readRoot(opened.text, opened.context)
  return root === undefined ? {} : rawMap(root, file, opened.context)
}

function open(file: string, modules: Modules, problems: Problem[]) {
  const path = resolve(file)
  try {
    const text = readText(path)
    const context: ParseContext = {
      file: path,
      folder: dirname(path),
      catalogue: catalogueOf(modules),
      problems,
      chain: [path],
      reader: readText,
    }
    return { text, context }
  } catch (error) {
    problems.push({ message: `Cannot read "${file}": ${fileErrorText(error)}` })
    return undefined
  }
}

function readText(file: string): string {
  return readFileSync(file, 'utf8')
}

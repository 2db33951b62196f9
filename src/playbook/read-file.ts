import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileErrorText, type Position } from '../errors.ts'
import { parseYaml, type YamlNode } from '../yaml-source.ts'
import { report, type ParseContext } from './parse-context.ts'

/** The tree of a file's text; YAML's own problems are reported. */
export function readRoot(text: string, context: ParseContext): YamlNode | undefined {
  const source = parseYaml(text, context.file)
  context.problems.push(...source.problems)
  return source.root
}

export interface Imported {
  readonly text: string
  readonly context: ParseContext
}

/** Opens a file that another one names, relative to that one's folder. */
export function openImport(written: string, position: Position, from: ParseContext): Imported | undefined {
  const file = isAbsolute(written) ? written : resolve(join(from.folder, written))
  if (from.chain.includes(file)) {
    report(from, `"${written}" imports itself`, position)
    return undefined
  }
  try {
    const text = from.reader(file)
    return { text, context: { ...from, file, folder: dirname(file), chain: [...from.chain, file] } }
  } catch (error) {
    report(from, `Cannot read "${file}": ${fileErrorText(error)}`, position)
    return undefined
  }
}

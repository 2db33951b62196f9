import type { Position, Problem } from '../errors.ts'
import type { Catalogue } from './catalogue.ts'

/** What every part of the parser needs: where it is, what modules there are, and where problems go. */
export interface ParseContext {
  /** Absolute path of the file that is read. */
  readonly file: string
  readonly folder: string
  readonly catalogue: Catalogue
  readonly problems: Problem[]
  /** The files that led here, this one last: an import of one of them would never end. */
  readonly chain: readonly string[]
  readonly reader: FileReader
}

/** Reads a file of the controller; throws if it cannot. */
export type FileReader = (file: string) => string

export function report(context: ParseContext, message: string, position: Position, hint?: string): void {
  context.problems.push({ message, position, hint })
}

import type { RevealListener } from './python.ts'

/** What filters, tests and functions are given besides the value. Arguments are complete, but mappings may be lazy. */
export interface Call {
  readonly args: readonly unknown[]
  readonly named: Readonly<Record<string, unknown>>
  readonly machine: Caller
}

/** What they may ask of the machine that calls them. */
export interface Caller {
  readonly library: Library
  readonly reveal: RevealListener
  /** Python's `str()`; a secret's text is told to the redactor. */
  text(value: unknown): string
  filter(name: string, value: unknown, call: Call): unknown
  test(name: string, value: unknown, call: Call): boolean
}

export type Filter = (value: unknown, call: Call) => unknown
export type Test = (value: unknown, call: Call) => boolean

export interface Library {
  readonly filters: ReadonlyMap<string, Filter>
  readonly tests: ReadonlyMap<string, Test>
  readonly functions: ReadonlyMap<string, (call: Call) => unknown>
}

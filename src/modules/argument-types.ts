import * as z from 'zod'
import { Secret } from '../secrets/secret.ts'
import { modeFrom, type Mode } from './file-mode.ts'

/** What the documentation and the checks know of an argument besides its description. */
export interface ArgumentMeta {
  /** Ansible's word for the type, for the documentation. */
  readonly type?: string
  readonly choices?: readonly string[]
  /** Ansible's other names for the argument. */
  readonly aliases?: readonly string[]
  /** The value is never repeated in a message. */
  readonly secret?: boolean
}

const words = { yes: ['yes', 'y', 'on', '1', 'true', 't'], no: ['no', 'n', 'off', '0', 'false', 'f'] }

/** A string. Numbers and booleans become text, as in Ansible. */
export const text = () => converted('str', 'a string', textFrom)

/** A string of which an empty one is not meant. */
export const filledText = () =>
  converted('str', 'a string that is not empty', (value) => {
    const found = textFrom(value)
    return found === '' ? undefined : found
  })

/** Ansible's booleans: true, yes, on, 1, "true"… in any case. */
export const bool = () =>
  converted('bool', 'a boolean (true or false)', (value) => {
    if (typeof value === 'boolean') return value
    const word = textFrom(value)?.toLowerCase()
    if (word === undefined) return undefined
    return words.yes.includes(word) ? true : words.no.includes(word) ? false : undefined
  })

export const int = () =>
  converted('int', 'a whole number', (value) => {
    const found = typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value
    return typeof found === 'number' && Number.isSafeInteger(found) ? found : undefined
  })

/** A day such as 2027-03-01: its first moment, in UTC. */
export const day = () =>
  converted('str', 'a day such as 2027-03-01', (value) => {
    const found = new Date(textFrom(value) ?? NaN)
    // Date takes 2027-02-30 for a day in March.
    const isDay = !Number.isNaN(found.getTime()) && found.toISOString().slice(0, 10) === value
    return isDay ? found : undefined
  })

/** An absolute path on the host. There is no home folder for `~` and no working folder for a relative path. */
export const path = () =>
  converted('path', 'an absolute path', (value) => {
    const found = textFrom(value)
    return found?.startsWith('/') === true && !/[\0\n]/.test(found) ? found : undefined
  })

/** A path on the controller, absolute or searched beside the playbook. */
export const sourcePath = () => converted('path', 'a path', (value) => textFrom(value) || undefined)

/** `"0644"`, `0644` in YAML, or `u=rw,g=r,o=`. */
export const mode = () => converted<Mode>('mode', 'a mode such as "0644" or "u=rw,g=r,o="', modeFrom)

/** A list of strings, or one string with commas. */
export const textList = () =>
  converted('list', 'a list of strings', (value): readonly string[] | undefined => {
    if (!Array.isArray(value)) {
      return textFrom(value)
        ?.split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    }
    const found = value.map(textFrom)
    return found.every((item) => item !== undefined) ? found : undefined
  })

/** A list of words that are taken as they are: no commas are looked for in a string. */
export const wordList = () =>
  converted('list', 'a list of strings', (value): readonly string[] | undefined => {
    const found = (Array.isArray(value) ? value : [value]).map(textFrom)
    return found.every((item) => item !== undefined) ? found : undefined
  })

export const intList = () =>
  converted('list', 'a list of whole numbers', (value): readonly number[] | undefined => {
    const items: unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]
    const found = items.map((item) => (typeof item === 'string' ? Number(item.trim() || 'none') : item))
    return found.every((item): item is number => Number.isSafeInteger(item)) ? found : undefined
  })

/** A value that must not be printed. */
export const secret = () =>
  converted('str (secret)', 'a string', (value) => {
    if (value instanceof Secret) return value
    const found = textFrom(value)
    return found === undefined ? undefined : new Secret(found)
  }).meta({ secret: true })

/** A map of anything. */
export const mapping = () =>
  converted('dict', 'a map', (value): Readonly<Record<string, unknown>> | undefined => {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret)
    return isMap ? (value as Record<string, unknown>) : undefined
  })

/** A value of any type. */
export type Given = string | number | boolean | object

/** Any value at all, but not none. */
export const anything = () => converted('raw', 'a value', (value) => (value ?? undefined) as Given | undefined)

export const choice = <const Choice extends string>(...choices: readonly Choice[]) =>
  converted('str', `one of ${choices.join(', ')}`, (value): Choice | undefined => {
    // YAML reads `on` and `yes` as booleans; no choice of ours is spelt like that, so the text is enough.
    const found = textFrom(value)
    return choices.find((one) => one === found)
  }).meta({ choices })

/** An argument type of one's own: `wanted` completes "must be …"; `convert` gives undefined for what does not fit. */
export function converted<T>(type: string, wanted: string, convert: (value: unknown) => T | undefined) {
  return z
    .unknown()
    .transform((value, context): T => {
      const found = convert(value)
      if (found !== undefined) return found
      context.addIssue({ code: 'custom', message: `must be ${wanted}` })
      return z.NEVER
    })
    .meta({ type })
}

function textFrom(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  // Python's spelling, as Ansible converts them.
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (value instanceof Secret) return value.reveal()
  return undefined
}

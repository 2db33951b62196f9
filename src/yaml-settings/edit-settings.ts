import { InputError, TaskError, type Problem } from '../errors.ts'
import { separators } from './place.ts'
import { parseSettings, type Parsed, type Setting } from './read-settings.ts'
import { renderValue, type SettingValue } from './setting-value.ts'
import { addLine, removePair, replaceValue } from './text-edit.ts'

export interface SettingsEdit {
  readonly text: string
  /** Names of the settings that were added, replaced or removed. */
  readonly changed: readonly string[]
}

/**
 * Sets and removes (undefined) settings and keeps every other byte of the file: comments, blanks, line ends, a missing
 * last line end. A setting is changed where it stands; a new one becomes a dotted line beside its relatives, else at
 * the end. Throws an InputError when the file is broken or sets anything twice: Elasticsearch takes the later of two
 * spellings silently.
 */
export function editSettings(
  text: string,
  changes: Readonly<Record<string, SettingValue | undefined>>,
  file: string,
): SettingsEdit {
  const before = parseSettings(text, file)
  const problems = [...before.problems]
  if (problems.length === 0) problems.push(...unsuitable(before, changes))
  if (problems.length > 0) throw new InputError(problems)

  let edited = text
  const changed: string[] = []
  for (const [name, value] of Object.entries(changes)) {
    const next = editOne(edited, { name, value, file })
    if (next !== edited) changed.push(name)
    edited = next
  }
  verifyOnly(before, parseSettings(edited, file), changes)
  return { text: edited, changed }
}

interface Edit {
  readonly name: string
  readonly value: SettingValue | undefined
  readonly file: string
}

function editOne(text: string, edit: Edit): string {
  const parsed = parseSettings(text, edit.file)
  const entry = parsed.entries.find((candidate) => candidate.name === edit.name)
  if (sameValue(entry, edit.value)) return text
  if (edit.value === undefined) return entry?.path === undefined ? text : removePair(text, entry.path)
  const last = entry?.path?.at(-1)
  return last === undefined
    ? addLine(text, parsed, { name: edit.name, value: edit.value ?? null })
    : replaceValue(text, last, renderValue(edit.value))
}

/** Why a change cannot be made in this file, found before anything is edited. */
function unsuitable(parsed: Parsed, changes: Readonly<Record<string, SettingValue | undefined>>): Problem[] {
  return Object.entries(changes).flatMap(([name, value]): Problem[] => {
    const entry = parsed.entries.find((candidate) => candidate.name === name)
    const inside = parsed.entries.find((candidate) => candidate.name.startsWith(`${name}.`))
    if (entry === undefined) {
      if (value === undefined || inside === undefined) return []
      const message = `"${name}" is a group of settings and cannot be given a value`
      return [{ message, position: inside.position }]
    }
    if (sameValue(entry, value)) return []
    const awkward = separators(entry.path?.at(-1)?.pair).some((token) =>
      ['anchor', 'tag', 'explicit-key-ind'].includes(token.type),
    )
    if (entry.path !== undefined && !awkward) return []
    const message = `"${name}" is written with an anchor, an alias or a tag and has to be changed by hand`
    return [{ message, position: entry.position }]
  })
}

/** Compares text, not types: Elasticsearch reads every value as text, and `"9200"` is no other port than `9200`. */
function sameValue(entry: Setting | undefined, value: SettingValue | undefined): boolean {
  if (entry === undefined) return value === undefined
  if (value === undefined) return false
  if (value === null) return entry.value === null
  if (typeof value === 'object') return JSON.stringify(entry.value) === JSON.stringify(value)
  return entry.value !== null && entry.text === String(value)
}

function verifyOnly(before: Parsed, after: Parsed, changes: Readonly<Record<string, SettingValue | undefined>>): void {
  const left = new Map(before.entries.map((entry) => [entry.name, entry]))
  const right = new Map(after.entries.map((entry) => [entry.name, entry]))
  const wrong = [...new Set([...left.keys(), ...right.keys()])].filter((name) => {
    const [was, is] = [left.get(name), right.get(name)]
    if (Object.hasOwn(changes, name)) return !sameValue(is, changes[name])
    return was?.text !== is?.text || JSON.stringify(was?.value) !== JSON.stringify(is?.value)
  })
  const missing = Object.entries(changes).filter(([name, value]) => !sameValue(right.get(name), value))
  const problem = after.problems[0]
  if (wrong.length === 0 && missing.length === 0 && problem === undefined) return
  const name = wrong[0] ?? missing[0]?.[0] ?? ''
  throw new TaskError(`Cannot edit the file without disturbing ${name === '' ? 'its structure' : `"${name}"`}`, {
    position: left.get(name)?.position ?? problem?.position,
    hint: 'Change this setting by hand; nothing was written',
  })
}

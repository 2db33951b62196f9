import * as z from 'zod'
import { asError, InputError, TaskError, renderPosition, type Problem } from '../errors.ts'
import { Secret } from '../secrets/secret.ts'
import { editSettings } from '../yaml-settings/edit-settings.ts'
import type { SettingValue } from '../yaml-settings/setting-value.ts'
import { bool, mapping, path, textList } from './argument-types.ts'
import { ownershipArguments } from './file-arguments.ts'
import { decideFile, lookAtFile, type FileLook } from './file-change.ts'
import { defineModule, type Decision, type Diff } from './module.ts'

export const yamlSettings = defineModule({
  name: 'yaml_settings',
  aliases: ['elkseal.elastic.yaml_settings'],
  summary: 'Sets and removes settings of a YAML file by their dotted names and keeps every other byte of it.',
  examples: `
- name: https in elasticsearch.yml
  yaml_settings:
    path: /etc/elasticsearch/elasticsearch.yml
    settings:
      xpack.security.http.ssl.enabled: true
      xpack.security.http.ssl.keystore.path: http.p12
    absent:
      - xpack.security.http.ssl.certificate
      - xpack.security.http.ssl.key
`,
  args: z.strictObject({
    path: path()
      .meta({ aliases: ['dest'] })
      .describe('The file.'),
    settings: mapping()
      .default({})
      .describe('Names and values. Dotted and nested spellings are the same setting, here and in the file.'),
    absent: textList().default([]).describe('Names of settings to remove.'),
    create: bool().default(false).describe('Make the file if it is missing, instead of failing.'),
    backup: bool().default(false).describe('Leave a copy of the old file beside it.'),
    ...ownershipArguments,
  }),
  inspect: ({ host }, args): Promise<FileLook> =>
    lookAtFile(host, args.path, { owner: args.owner, group: args.group, mode: args.mode, needsContent: true }),
  decide: (look, args, context) => {
    const { current } = look
    if (current.kind === 'absent' && !args.create) {
      return { kind: 'fail', message: `There is no "${args.path}"`, hint: 'Check the path, or use create: true' }
    }
    if (current.kind === 'file' && current.content === undefined) {
      return { kind: 'fail', message: `Cannot read "${args.path}"`, hint: 'Use become: true' }
    }
    const text = textOf(current.kind === 'file' ? current.content : undefined)
    if (text === undefined) return { kind: 'fail', message: `"${args.path}" is not UTF-8 text` }
    const wishes = wishesOf(args.settings, args.absent)
    try {
      const edit = editSettings(text, wishes.changes, `${context.host}:${args.path}`)
      const content = wishes.hasSecrets ? new Secret(edit.text) : Buffer.from(edit.text)
      return describe(decideFile(look, { ...args, content }), { path: args.path, changed: edit.changed, wishes })
    } catch (thrown) {
      return problemsAsFail(thrown)
    }
  },
})

interface Wishes {
  readonly changes: Readonly<Record<string, SettingValue | undefined>>
  readonly hasSecrets: boolean
}

function wishesOf(settings: Readonly<Record<string, unknown>>, absent: readonly string[]): Wishes {
  const changes: Record<string, SettingValue | undefined> = {}
  let hasSecrets = false
  const put = (name: string, value: unknown): void => {
    if (value instanceof Secret) hasSecrets = true
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret)) {
      for (const [key, item] of Object.entries(value)) put(`${name}.${key}`, item)
    } else changes[name] = settingValue(name, value)
  }
  for (const [name, value] of Object.entries(settings)) put(name, value)
  for (const name of absent) {
    if (Object.hasOwn(changes, name)) throw new TaskError(`"${name}" is both to be set and to be absent`)
    changes[name] = undefined
  }
  return { changes, hasSecrets }
}

function settingValue(name: string, value: unknown): SettingValue {
  if (value instanceof Secret) return value.reveal()
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as SettingValue
  if (Array.isArray(value)) return value.map((item) => settingValue(name, item))
  throw new TaskError(`The value of "${name}" must be a string, a number, a boolean, or a list of them`)
}

function describe(
  decision: Decision,
  { path: file, changed, wishes }: { path: string; changed: readonly string[]; wishes: Wishes },
): Decision {
  if (decision.kind === 'keep') return { ...decision, reason: `${file} has the settings as wanted` }
  if (decision.kind !== 'change') return decision
  const { change } = decision
  const set = changed.filter((name) => wishes.changes[name] !== undefined)
  const removed = changed.filter((name) => wishes.changes[name] === undefined)
  const words = [
    ...(set.length > 0 ? [`set ${set.join(', ')}`] : []),
    ...(removed.length > 0 ? [`remove ${removed.join(', ')}`] : []),
  ]
  return {
    ...decision,
    result: { ...decision.result, settings_changed: changed },
    change: {
      ...change,
      summary: words.length === 0 ? change.summary : `${file}: ${words.join('; ')}`,
      ...(change.diff === undefined ? {} : { diff: maskedDiff(change.diff) }),
    },
  }
}

/** Passwords that stand in a settings file are no business of a diff's readers. */
export function maskedDiff(diff: Diff): Diff {
  const mask = (text: string) =>
    text
      .replace(
        /^(\s*["']?[\w.-]*(?:password|passphrase|secret|token|api_key|encryptionKey)[\w.-]*["']?\s*:[ \t]*)(?=\S)(?!\[?$).+$/gim,
        '$1********',
      )
      .replace(/(:\/\/[^/\s:@"']*:)[^/\s@"']+(?=@)/g, '$1********')
  return { ...diff, before: mask(diff.before), after: mask(diff.after) }
}

function textOf(content: Buffer | undefined): string | undefined {
  if (content === undefined) return ''
  const text = content.toString('utf8')
  return Buffer.from(text).equals(content) ? text : undefined
}

function problemsAsFail(thrown: unknown): Decision {
  if (!(thrown instanceof InputError)) throw asError(thrown)
  return problemsFail(thrown.problems)
}

/** Problems in a host's file, each with its place, as one failure. */
export function problemsFail(problems: readonly Problem[]): Decision {
  const message = problems
    .map(({ message: text, position }) => (position === undefined ? text : `${text} (${renderPosition(position)})`))
    .join('; ')
  const hint = problems.find((problem) => problem.hint !== undefined)?.hint
  return { kind: 'fail', message, ...(hint === undefined ? {} : { hint }) }
}

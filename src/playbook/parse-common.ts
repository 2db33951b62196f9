import { nearestName } from './catalogue.ts'
import type { Keywords } from './keywords.ts'
import { report } from './parse-context.ts'
import type { Inherited } from './playbook.ts'
import { rawMap } from './raw-value.ts'

/** Keywords that plays, blocks and tasks all have. */
export const commonKeywords = [
  'name',
  'become',
  'become_user',
  'become_method',
  'become_exe',
  'become_flags',
  'environment',
  'tags',
  'no_log',
  'check_mode',
  'diff',
  'ignore_errors',
  'run_once',
  'vars',
] as const

/** What blocks and tasks have besides. */
export const conditionalKeywords = ['when', 'delegate_to'] as const

/** Ansible's own words that are not there: told apart from typing mistakes. */
const ansibleKeywords: Readonly<Record<string, string | undefined>> = {
  action: 'Write the module as the key: "copy: …"',
  any_errors_fatal: 'Set it on the play',
  async: undefined,
  collections: 'Write the full name of the module',
  connection: 'Set the variable "ansible_connection"',
  debugger: undefined,
  delegate_facts: undefined,
  fact_path: undefined,
  force_handlers: undefined,
  gather_subset: undefined,
  gather_timeout: undefined,
  ignore_unreachable: undefined,
  local_action: 'Write the module as the key, and "delegate_to: localhost"',
  module_defaults: undefined,
  poll: undefined,
  port: 'Set the variable "ansible_port"',
  remote_user: 'Set the variable "ansible_user"',
  roles: undefined,
  strategy: undefined,
  throttle: undefined,
  timeout: undefined,
  vars_prompt: undefined,
}

export function parseCommon(keywords: Keywords): Inherited {
  const { context } = keywords
  const vars = keywords.node('vars')
  return {
    become: keywords.raw('become'),
    becomeUser: keywords.raw('become_user'),
    becomeMethod: keywords.raw('become_method'),
    becomeExe: keywords.raw('become_exe'),
    becomeFlags: keywords.raw('become_flags'),
    environment: keywords.raw('environment'),
    tags: keywords.tags(),
    noLog: keywords.raw('no_log'),
    checkMode: keywords.raw('check_mode'),
    diff: keywords.raw('diff'),
    ignoreErrors: keywords.raw('ignore_errors'),
    runOnce: keywords.raw('run_once'),
    delegateTo: keywords.raw('delegate_to'),
    vars: vars === undefined ? {} : rawMap(vars, 'vars', context),
    when: keywords.conditions('when') ?? [],
  }
}

/** Reports every key that is not among `known`. `more` are names that could have been meant besides. */
export function refuseUnknown(
  keywords: Keywords,
  what: string,
  known: readonly string[],
  more: readonly string[] = [],
): void {
  for (const entry of keywords.map.entries) {
    if (!known.includes(entry.key)) refuse(keywords, entry.key, what, [...known, ...more])
  }
}

export function refuse(keywords: Keywords, key: string, what: string, near: readonly string[]): void {
  const position = keywords.position(key)
  if (key.startsWith('with_')) {
    report(keywords.context, `"${key}" is not supported in ${what}`, position, 'Use "loop"')
  } else if (Object.hasOwn(ansibleKeywords, key)) {
    report(keywords.context, `The keyword "${key}" is not supported in ${what}`, position, ansibleKeywords[key])
  } else {
    report(keywords.context, `There is no keyword "${key}" in ${what}`, position, nearestName(key, near))
  }
}

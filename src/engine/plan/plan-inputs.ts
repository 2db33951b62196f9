import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { InventoryVariables } from '../../inventory/inventory-variables.ts'
import type { Playbook } from '../../playbook/playbook.ts'
import { playbookFiles } from '../../playbook/playbook-files.ts'
import { isTemplate } from '../../vars/template.ts'
import { plainText } from '../plain-text.ts'
import type { PlannedInputs } from './plan.ts'
import type { PlanKey } from './plan-key.ts'

export interface InputParts {
  readonly playbook: Playbook
  readonly hosts: readonly string[]
  readonly variables: InventoryVariables
  readonly extraVars: Readonly<Record<string, unknown>>
}

/** Digests of what the user wrote. `files` are more files than the playbook names itself. */
export function inputsOf(
  { playbook, hosts, variables, extraVars }: InputParts,
  key: PlanKey,
  files: Iterable<string> = [],
): PlannedInputs {
  const values = hosts.map((host) => [host, variables.ofHost(host)] as const)
  const names = [...new Set(values.flatMap(([, own]) => Object.keys(own)))].sort()
  return {
    files: digestsOfFiles([...filesOf(playbook), ...files], key),
    variablesOfHosts: Object.fromEntries(values.map(([host, own]) => [host, key.digest(plainText(own))])),
    variables: Object.fromEntries(
      names.map((name) => [name, key.digest(plainText(values.map(([host, own]) => [host, own[name] ?? null])))]),
    ),
    extraVars: Object.fromEntries(
      Object.entries(extraVars).map(([name, value]) => [name, key.digest(plainText(value ?? null))]),
    ),
  }
}

/** A file that cannot be read is left out. */
function digestsOfFiles(files: Iterable<string>, key: PlanKey): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...new Set(files)].sort().flatMap((file) => {
      try {
        return [[file, key.digest(readFileSync(file, 'latin1'))]]
      } catch {
        return []
      }
    }),
  )
}

/** Those that a run comes to only by a template are noted when it does. */
function filesOf(playbook: Playbook): readonly string[] {
  const ofVariables = playbook.plays.flatMap(({ varsFiles, folder }) =>
    varsFiles.filter((file) => !isTemplate(file)).map((file) => resolve(folder, file)),
  )
  return [...playbookFiles(playbook), ...ofVariables]
}

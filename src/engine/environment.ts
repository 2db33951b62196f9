import type { Output, Shell, ShellRequest } from '../connection/connection.ts'
import { quote } from '../connection/quote.ts'
import type { RawValue } from '../playbook/playbook.ts'
import { Secret } from '../secrets/secret.ts'
import type { Scope } from '../vars/scope.ts'

/** The `environment` keyword as sh; empty when there is none. It is read by the runner's sh, so it is no argument of a process. */
export function environmentScript(raw: RawValue | undefined, scope: Scope): string {
  const value = raw === undefined ? undefined : scope.renderValue(raw)
  const maps: readonly unknown[] = Array.isArray(value) ? value : [value]
  const entries = maps.flatMap((map) => (typeof map === 'object' && map !== null ? Object.entries(map) : []))
  return entries.map(([name, text]) => `export ${name}=${quote(plainText(text))}\n`).join('')
}

function plainText(value: unknown): string {
  if (value instanceof Secret) return value.reveal()
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A shell, opened when first used, whose requests run in this environment. `sent` is called as each goes out. */
export function actingShell(open: () => Promise<Shell>, environment: string, sent: () => void): Shell {
  return {
    run: async (request: ShellRequest): Promise<Output> => {
      const shell = await open()
      const answer = shell.run(environment === '' ? request : { ...request, script: environment + request.script })
      sent()
      return answer
    },
  }
}

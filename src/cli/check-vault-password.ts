import { SecretError } from '../secrets/secret-error.ts'
import { VaultedValue } from '../secrets/vaulted-value.ts'
import type { Selected } from './checked-playbook.ts'
import { knowsVaultPassword } from './vault-sources.ts'

/**
 * A vault password that opens nothing is told before a host is touched, not at the first task that needs a value. One
 * value of each vault id is tried: that some stay closed is no mistake as long as nobody uses them.
 */
export function checkVaultPassword({ opened, options, view }: Selected): void {
  if (!knowsVaultPassword({ options, view })) return
  const { inventory, variables } = opened
  const tried = new Set<string>()
  let failure: SecretError | undefined
  for (const host of inventory.hosts.keys()) {
    for (const value of Object.values(variables.ofHost(host))) {
      if (!(value instanceof VaultedValue)) continue
      const [header = ''] = value.envelope.split('\n')
      if (tried.has(header)) continue
      tried.add(header)
      try {
        value.reveal()
        return
      } catch (thrown) {
        if (!(thrown instanceof SecretError)) throw thrown
        failure ??= thrown
      }
    }
  }
  if (failure !== undefined) throw failure
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { InputError, UsageError, type Problem } from '../../errors.ts'
import { selectHosts, selectLimit } from '../../inventory/select-hosts.ts'
import { exportZip, type NodeExport } from '../../pki/export-zip.ts'
import { bundlePath, leafPaths } from '../../pki/store.ts'
import { createScope } from '../../vars/scope.ts'
import type { InventoryOptions } from '../options.ts'
import { exitCodes } from '../exit-code.ts'
import { openInventory, type OpenedInventory } from '../open-inventory.ts'
import type { ProcessView } from '../process.ts'

/** `elkseal certs export FILE`: the store's certificates for people who deploy by hand. The zip holds private keys: 0600. */
export async function certsExportCommand(file: string, options: InventoryOptions, view: ProcessView): Promise<number> {
  const opened = openInventory(options, view)
  const target = resolve(view.cwd, file)
  if (existsSync(target)) throw new UsageError(`"${file}" exists already`, { hint: 'Name another file, or remove it' })
  const limit =
    options.limit === undefined ? undefined : new Set(selectLimit(opened.inventory, options.limit, view.cwd).hosts)
  const { hosts } = selectHosts(opened.inventory, 'elasticsearch', { limit })
  const problems: Problem[] = []
  const nodes = hosts.flatMap((host) => nodeExport(host, opened, problems))
  if (problems.length > 0) throw new InputError(problems)
  const [first = ''] = hosts
  const authorityPem = readFileSync(bundlePath(storeFolder(first, opened)), 'utf8')
  writeFileSync(target, exportZip({ nodes, authorityPem, now: new Date() }), { mode: 0o600, flag: 'wx' })
  view.stdout.write(`${target}: ${String(nodes.length)} nodes; it holds private keys, mode 0600\n`)
  return exitCodes.ok
}

function nodeExport(host: string, opened: OpenedInventory, problems: Problem[]): readonly NodeExport[] {
  const { store: p12 } = leafPaths(storeFolder(host, opened), host, 'http')
  if (!existsSync(p12)) {
    problems.push({
      message: `The store has no certificate of "${host}": "${p12}" is missing`,
      hint: 'Issue it first: elkseal run playbooks/secure-http.yml',
    })
    return []
  }
  return [{ node: host, store: opened.vault.decrypt(readFileSync(p12), `"${p12}"`).revealBytes() }]
}

/** pki_dir as the playbooks have it: beside the inventory unless a variable says otherwise. */
function storeFolder(host: string, { variables, vault }: OpenedInventory): string {
  const scope = createScope(
    [
      { values: { pki_dir: '{{ inventory_dir }}/pki' }, trusted: true },
      { values: variables.ofHost(host), trusted: true },
      { values: { ...variables.magicOf(host) }, trusted: false },
    ],
    { vault },
  )
  return String(scope.variable('pki_dir'))
}

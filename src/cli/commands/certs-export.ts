import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileErrorText, throwProblems, UsageError, type Problem } from '../../errors.ts'
import { selectHosts } from '../../inventory/select-hosts.ts'
import { exportZip, type NodeExport } from '../../pki/export-zip.ts'
import { bundlePath, leafPaths } from '../../pki/store.ts'
import type { Vault } from '../../secrets/vault.ts'
import { parseExtraVars } from '../../vars/extra-vars.ts'
import { createScope } from '../../vars/scope.ts'
import type { InventoryOptions } from '../options.ts'
import { exitCodes } from '../exit-code.ts'
import { limitedHosts } from '../limit.ts'
import { openInventory, type OpenedInventory } from '../open-inventory.ts'
import type { ProcessView } from '../process.ts'

/** `elkseal certs export FILE`: the store's certificates for people who deploy by hand. The zip holds private keys: 0600. */
export async function certsExportCommand(file: string, options: InventoryOptions, view: ProcessView): Promise<number> {
  const opened = openInventory(options, view)
  const target = resolve(view.cwd, file)
  if (existsSync(target)) throw new UsageError(`"${file}" exists already`, { hint: 'Name another file, or remove it' })
  const hosts = exportedHosts(opened, options, view)
  const extraVars = parseExtraVars(options.extraVars, { folder: view.cwd, vault: opened.vault })
  const folderOf = (host: string) => storeFolder(host, opened, extraVars)
  const problems: Problem[] = []
  const nodes = hosts.flatMap((host) => nodeExport(host, { folder: folderOf(host), vault: opened.vault, problems }))
  const authorityPem = readBundle(bundlePath(folderOf(hosts[0] ?? '')), problems)
  throwProblems(problems)
  writeZip(target, exportZip({ nodes, authorityPem, now: new Date() }))
  view.stdout.write(`${target}: ${String(nodes.length)} nodes; it holds private keys, mode 0600\n`)
  return exitCodes.ok
}

function exportedHosts(
  { inventory }: OpenedInventory,
  options: InventoryOptions,
  view: ProcessView,
): readonly string[] {
  const limit = limitedHosts(inventory, options.limit, view.cwd)
  const { hosts, problems } = selectHosts(inventory, 'elasticsearch', { limit })
  throwProblems(problems)
  if (hosts.length > 0) return hosts
  throw new UsageError(`"--limit ${options.limit ?? ''}" selects no host of the group elasticsearch`)
}

interface Store {
  readonly folder: string
  readonly vault: Vault
  readonly problems: Problem[]
}

function nodeExport(host: string, { folder, vault, problems }: Store): readonly NodeExport[] {
  const { store: p12 } = leafPaths(folder, host, 'http')
  if (!existsSync(p12)) {
    problems.push({
      message: `The store has no certificate of "${host}": "${p12}" is missing`,
      hint: 'Issue it first: elkseal run playbooks/secure-http.yml',
    })
    return []
  }
  return [{ node: host, store: vault.decrypt(readFileSync(p12), `"${p12}"`).revealBytes() }]
}

function readBundle(file: string, problems: Problem[]): string {
  if (existsSync(file)) return readFileSync(file, 'utf8')
  problems.push({ message: `The store has no CA certificate: "${file}" is missing` })
  return ''
}

function writeZip(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw new UsageError(`Cannot write "${file}": ${fileErrorText(cause)}`, { cause })
  }
}

/** pki_dir as the playbooks have it: beside the inventory unless a variable says otherwise. */
function storeFolder(
  host: string,
  { variables, vault }: OpenedInventory,
  extraVars: Readonly<Record<string, unknown>>,
): string {
  const scope = createScope(
    [
      { values: { pki_dir: '{{ inventory_dir }}/pki' }, trusted: true },
      { values: variables.ofHost(host), trusted: true },
      { values: extraVars, trusted: true },
      { values: { ...variables.magicOf(host) }, trusted: false },
    ],
    { vault },
  )
  return String(scope.variable('pki_dir'))
}

import { join } from 'node:path'
import type { Lab } from './lab.ts'
import { runOn } from './machine.ts'
import { $, reading } from './shell.ts'

/**
 * Files and journals in which one of the secrets stands in clear: below the given folders of this machine, and on every
 * host in whatever was written since it was created.
 */
export async function findLeaks(
  lab: Lab,
  secrets: Readonly<Record<string, string>>,
  folders: readonly string[],
): Promise<readonly string[]> {
  const patterns = Object.values(secrets).join('\n')
  const written = lab.state().hosts.map((host) => join(host.folder, 'upper'))
  const files = await filesWith(patterns, [...folders, ...written])
  const onHosts = await Promise.all(
    lab.state().hosts.map(async (host) => {
      const memory = ['grep', '-rlF', '--devices=skip', '-f', '-', '/tmp', '/var/tmp', '/run', '/dev/shm']
      const found = await runOn(host, memory, { input: patterns, nothrow: true })
      const journal = await runOn(host, ['journalctl', '--no-pager', '-o', 'cat'])
      const told = Object.keys(secrets).filter((name) => journal.stdout.includes(secrets[name]!))
      return [
        ...lines(found.stdout).map((file) => `${host.name}: ${file}`),
        ...told.map((name) => `${host.name}: ${name} in the journal`),
      ]
    }),
  )
  return [...files, ...onHosts.flat()]
}

async function filesWith(patterns: string, folders: readonly string[]): Promise<readonly string[]> {
  const search = $({ ...reading(patterns), nothrow: true })
  return lines((await search`grep -rlF --devices=skip -f - ${folders}`).stdout)
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter(Boolean)
}

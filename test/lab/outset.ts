import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from './lab.ts'
import type { RestRequest } from './rest.ts'

/** What there was before the run, and what each node shows of its cluster by plain http. */
export interface Outset {
  readonly hosts: Readonly<Record<string, HostStanding>>
  /** Of the inventory's folder, with the store. */
  readonly controller: readonly string[]
  readonly healths: readonly (readonly [status: string, nodes: number])[]
}

export async function outsetOf(lab: Lab, folder: string): Promise<Outset> {
  const healths = lab.hosts('elasticsearch').map(async (node) => {
    // An index that Metricbeat has just begun is yellow for a moment.
    const path = '/_cluster/health?wait_for_status=green&timeout=30s'
    const answer = await askPlainly(lab, { node: node.address, path })
    assert.equal(answer.status, 200, `${answer.body} ${answer.problem}`)
    const health = JSON.parse(answer.body) as { status: string; number_of_nodes: number }
    return [health.status, health.number_of_nodes] as const
  })
  const names = await readdir(join(folder, 'inventory'), { recursive: true })
  return {
    hosts: await standingOf(lab),
    controller: names.filter((name) => !name.startsWith('.elkseal')).toSorted(),
    healths: await Promise.all(healths),
  }
}

export function askPlainly(
  lab: Lab,
  { path, node = lab.hosts('elasticsearch')[0]!.address, ...rest }: Omit<RestRequest, 'url'> & PlainRequest,
): ReturnType<Lab['ask']> {
  const credentials = { user: 'elastic', password: lab.state().passwords.elastic }
  return lab.ask({ ...rest, ...credentials, url: `http://${node}:9200${path}` })
}

interface PlainRequest {
  readonly path: string
  readonly node?: string
}

/** What of a host a rollback must bring back. */
interface HostStanding {
  /** Every file of the products' settings, with content, owner, mode and time. */
  readonly files: Readonly<Record<string, string>>
  /** Whether each service runs and starts with the machine; without the process, which may be another. */
  readonly services: string
  /** Every path of the host, but for where products and the system write by themselves, and where old versions stay. */
  readonly paths: readonly string[]
}

const settings = ['/etc', '/var/lib/kibana', '/var/lib/metricbeat/metricbeat.keystore']
const services = ['elasticsearch', 'kibana', 'metricbeat', 'ssh']
const writtenByOthers = [
  ...['/proc', '/sys', '/dev', '/run', '/var/log', '/var/lib/elasticsearch', '/var/lib/metricbeat'],
  // Whom sudo has lectured; what systemd and Java make for each start.
  ...['/var/lib/sudo', '*/systemd-private-*', '*/hsperfdata_*'],
  // The old versions, and the mark of the lock's last owner.
  '/var/lib/elkseal',
]

async function standingOf(lab: Lab): Promise<Readonly<Record<string, HostStanding>>> {
  const standings = lab.state().hosts.map(async ({ name }) => {
    const [files, states, paths] = await Promise.all([
      lab.run(name, ['sh', '-c', filesScript]),
      lab.run(name, ['systemctl', 'show', '--property=Id,LoadState,ActiveState,SubState,UnitFileState', ...services]),
      lab.run(name, ['sh', '-c', pathsScript]),
    ])
    return [name, { files: tableOf(files), services: states, paths: linesOf(paths) }] as const
  })
  return Object.fromEntries(await Promise.all(standings))
}

// A host has some of them.
const filesScript = `find ${settings.join(' ')} -type f -printf '%p\\t%u:%g %m %T@ ' -exec sha256sum {} \\; 2>/dev/null; :`

const pathsScript = `find / ${writtenByOthers.map((path) => `-path '${path}' -prune -o`).join(' ')} -print 2>/dev/null | sort`

function tableOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(linesOf(text).map((line) => line.split('\t') as [string, string]))
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter(Boolean)
}

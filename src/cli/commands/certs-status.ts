import { join } from 'node:path'
import type { RunEvent } from '../../engine/events.ts'
import { certificatesTable, statusOf, type CertificateStatus } from '../../report/certificates-table.ts'
import {
  kibanaStatusOf,
  kibanaTable,
  transportStatusOf,
  transportTable,
  type KibanaStatus,
  type TransportStatus,
} from '../../report/transport-table.ts'
import type { RunOptions } from '../options.ts'
import { loadCheckedPlaybook } from '../checked-playbook.ts'
import { exitCodeOfRun } from '../exit-code.ts'
import { openInventory } from '../open-inventory.ts'
import { packageRoot } from '../package-root.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'
import { runPlaybook } from '../run-playbook.ts'

/** `elkseal certs`: runs playbooks/certs.yml, which only looks, and shows what it saw. What is due is no failure. */
export async function certsStatusCommand(given: RunOptions, view: ProcessView): Promise<number> {
  const options: RunOptions = { ...given, tags: [], skipTags: [] }
  return reported(options, view, async (reporter) => {
    const folder = join(packageRoot(), 'playbooks')
    const opened = openInventory(options, view, folder)
    reporter.learn(opened.redactor)
    const playbook = loadCheckedPlaybook(join(folder, 'certs.yml'), { opened, options })
    const nodes: CertificateStatus[] = []
    const transports: TransportStatus[] = []
    const kibanas: KibanaStatus[] = []
    const listen = (event: RunEvent) => {
      const status = event.event === 'task' ? statusOf(event) : undefined
      if (status !== undefined) nodes.push(status)
      const transport = event.event === 'task' ? transportStatusOf(event) : undefined
      if (transport !== undefined) transports.push(transport)
      const kibana = event.event === 'task' ? kibanaStatusOf(event) : undefined
      if (kibana !== undefined) kibanas.push(kibana)
      if (isTrouble(event)) reporter.listen(event)
    }
    const outcome = await runPlaybook(playbook, { opened, options, view, journaled: false }, listen)
    await reporter.finish()
    const seen = { nodes, transports, kibanas }
    view.stdout.write(opened.redactor.redact(shown(seen, { json: options.output === 'json', view })))
    return exitCodeOfRun(outcome)
  })
}

/** The looks that went well are in the table. */
function isTrouble(event: RunEvent): boolean {
  if (event.event === 'task') return event.status === 'failed' || event.status === 'unreachable'
  return event.event === 'notice' || event.event === 'problem'
}

interface Seen {
  readonly nodes: readonly CertificateStatus[]
  readonly transports: readonly TransportStatus[]
  readonly kibanas: readonly KibanaStatus[]
}

function shown(
  { nodes, transports, kibanas }: Seen,
  { json, view }: { readonly json: boolean; readonly view: ProcessView },
): string {
  const [http, transport, kibana] = [sorted(nodes), sorted(transports), sorted(kibanas)]
  if (json) {
    const all = [
      lines('certificate', http),
      lines('transport_certificate', transport),
      lines('kibana_certificate', kibana),
    ]
    return all.flat().join('')
  }
  const color = view.stdout.isTerminal && view.env['NO_COLOR'] === undefined
  const tables = [
    ...(http.length === 0 ? [] : [certificatesTable(http, color)]),
    ...(transport.length === 0 ? [] : [transportTable(transport, color)]),
    ...(kibana.length === 0 ? [] : [kibanaTable(kibana, color)]),
  ]
  return tables.length === 0 ? '' : `${tables.join('\n\n')}\n`
}

function sorted<Node extends { readonly host: string }>(nodes: readonly Node[]): readonly Node[] {
  return nodes.toSorted((a, b) => a.host.localeCompare(b.host, 'en', { numeric: true }))
}

function lines(event: string, nodes: readonly object[]): readonly string[] {
  return nodes.map((node) => `${JSON.stringify({ event, ...node })}\n`)
}

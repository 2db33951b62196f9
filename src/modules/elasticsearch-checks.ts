import * as z from 'zod'
import { askElastic, ElasticError } from '../elastic/client.ts'
import { viewCluster, type ClusterState, type ClusterView } from '../elastic/cluster-state.ts'
import { servedCertificate, type ServedCertificate } from '../elastic/served-certificate.ts'
import { HttpError } from '../facts/http.ts'
import { anything, bool, int, text } from './argument-types.ts'
import { checkResults, type Check } from './check.ts'
import { snapshotFrom } from './cluster-snapshot.ts'
import {
  authorities,
  endpointArguments,
  isFreshlyStarted,
  nodeEndpoint,
  withScheme,
  type NodeEndpoint,
} from './elasticsearch-endpoint.ts'
import { defineModule, type Context, type Look } from './module.ts'
import { mismatch, registeredSerial } from './served-certificate.ts'
import { lookVariables, variableOf } from './task-variables.ts'

const args = z.strictObject({
  ...endpointArguments,
  serial: text()
    .optional()
    .describe('Serial number of the expected certificate, in hex. Default: http_certificate.serial.'),
  before: anything().optional().describe('What cluster_snapshot registered. Default: the last snapshot.'),
  node_count: int().optional().describe('How many nodes there must be. Default: as many as in the snapshot.'),
  fail: bool().default(true).describe('Fail when a check is not right; else the list in the result is all there is.'),
  wait: int().default(60).describe('Seconds to wait for a node that has just started.'),
})

type Args = z.infer<typeof args>

/** What was found by asking once. */
interface Findings {
  readonly certificate: ServedCertificate | { readonly missing: string }
  readonly plain: { readonly refused: boolean; readonly found: string }
  readonly view: ClusterView
}

export const elasticsearchChecks = defineModule({
  name: 'elasticsearch_checks',
  aliases: ['elkseal.elastic.elasticsearch_checks'],
  summary:
    'A node serves its own certificate, refuses plain http and accepts the credentials, and the cluster is what it was.',
  examples: `
- name: Each node serves its certificate, refuses plain http, and the cluster is as it was
  elasticsearch_checks:
    user: elastic
    password: '{{ elastic_password }}'
    ca: '{{ pki_dir }}/elasticsearch-ca.pem'
`,
  args,
  inspect: async (look, wish): Promise<Findings> => {
    const endpoint = nodeEndpoint(wish, lookVariables(look))
    const deadline = look.clock.now().getTime() + wish.wait * 1000
    for (;;) {
      const findings = await findOut(look, endpoint)
      const isLate = look.clock.now().getTime() > deadline
      if (isLate || !isPassing(findings) || !(await isFreshlyStarted(look, endpoint))) return findings
      await look.clock.sleep(2000)
    }
  },
  decide: (findings, wish, context) => {
    const checks = checksOf(findings, wish, context)
    const verdict = checkResults('Elasticsearch', checks)
    if (verdict.kind === 'keep' || wish.fail) return verdict
    const bad = checks.filter((check) => !check.ok)
    return { kind: 'keep', reason: `${bad.length} of ${checks.length} checks are not right`, result: { checks } }
  },
})

async function findOut(look: Look, endpoint: NodeEndpoint): Promise<Findings> {
  const ca = await authorities(look, endpoint)
  const [certificate, plain, view] = await Promise.all([
    certificateOf(look, endpoint, ca),
    plainHttp(look, endpoint),
    withScheme(look, endpoint, 'https').then((known) => viewCluster(look.host, known)),
  ])
  return { certificate, plain, view }
}

async function certificateOf(
  look: Look,
  { host, port }: NodeEndpoint,
  ca: string | undefined,
): Promise<Findings['certificate']> {
  try {
    return await servedCertificate(look.host, { host, port, ca })
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown
    return { missing: thrown.message }
  }
}

/** Without credentials: what would answer must not be told them. */
async function plainHttp(look: Look, { host, port }: NodeEndpoint): Promise<Findings['plain']> {
  try {
    await askElastic(look.host, { host, port, scheme: 'http', timeoutMs: 15_000 }, { path: '/_cluster/health' })
    return { refused: false, found: 'answered' }
  } catch (thrown) {
    if (!(thrown instanceof ElasticError)) throw thrown
    if (thrown.status !== undefined) return { refused: false, found: `answered with status ${thrown.status}` }
    if (thrown.trouble === 'other-scheme') return { refused: true, found: 'the connection is closed' }
    return { refused: false, found: thrown.message }
  }
}

function checksOf(findings: Findings, wish: Args, context: Context): readonly Check[] {
  const { host } = context
  const before = snapshotFrom(wish.before ?? variableOf(context, 'elasticsearch_cluster_before'))
  return [
    ...certificateChecks(findings.certificate, wish.serial ?? registeredSerial(context), host),
    { name: 'plain_http_refused', host, ok: findings.plain.refused, expected: 'refused', found: findings.plain.found },
    ...clusterChecks(findings.view, { before, nodeCount: wish.node_count, host }),
  ]
}

function certificateChecks(
  served: Findings['certificate'],
  serial: string | undefined,
  host: string,
): readonly Check[] {
  const shown = { name: 'tls_certificate', host, expected: serial === undefined ? 'a certificate' : `serial ${serial}` }
  const verified = { name: 'certificate_verified', host, expected: 'verified by the authorities' }
  if ('missing' in served) {
    const found = served.missing
    return [
      { ...shown, ok: false, found },
      { ...verified, ok: false, found },
    ]
  }
  const words = `serial ${served.serial}, ${served.names.join(', ')}, until ${served.notAfter.toISOString().slice(0, 10)}, by ${served.issuer}`
  return [
    { ...shown, ok: mismatch(served, { serial, fingerprint: undefined }) === undefined, found: words },
    { ...verified, ok: served.rejected === undefined, found: served.rejected ?? `verified, ${served.protocol}` },
  ]
}

function clusterChecks(
  view: ClusterView,
  { before, nodeCount, host }: { before: ClusterState | undefined; nodeCount: number | undefined; host: string },
): readonly Check[] {
  const accepted = { name: 'credentials_accepted', host, expected: 'accepted' }
  const count = nodeCount ?? before?.nodes.length
  const counted = { name: 'node_count', host, expected: count === undefined ? 'any' : String(count) }
  const lowest = before?.status ?? 'yellow'
  const healthy = { name: 'health', host, expected: lowest === 'green' ? 'green' : `${lowest} or better` }
  if (view.kind !== 'state') {
    return [accepted, counted, healthy].map((check) => ({ ...check, ok: false, found: view.reason }))
  }
  const { state } = view
  return [
    { ...accepted, ok: true, found: 'accepted' },
    { ...counted, ok: count === undefined || state.nodes.length === count, found: String(state.nodes.length) },
    { ...healthy, ok: ranks[state.status] >= ranks[lowest], found: state.status },
  ]
}

const ranks = { red: 0, yellow: 1, green: 2 } as const

/** What waiting can mend right after a start: a port not open yet, users not loaded yet. */
function isPassing({ view }: Findings): boolean {
  return view.kind === 'rejected' || (view.kind === 'silent' && view.isTransient)
}

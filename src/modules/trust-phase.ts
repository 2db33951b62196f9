import type { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { rotationWill } from '../elastic/rotation-due.ts'
import {
  planRotation,
  type Obstacle,
  type Origin,
  type Phase,
  type RotationPlan,
  type RotationView,
  type SeenClient,
  type SeenServer,
} from '../elastic/trust-phase.ts'
import { TaskError } from '../errors.ts'
import { dayText, serialNumber } from '../pki/certificate-fields.ts'
import { authorityPaths, formerAuthorityPath, nextAuthority } from '../pki/store.ts'
import { anything, bool, choice, filledText, int, path, wordList } from './argument-types.ts'
import { storedAuthorities, type StoredAuthorities } from './issuing-authority.ts'
import { defineModule, type Look } from './module.ts'
import { ownAuthority, ownAuthorityArguments, storedFile } from './pki-files.ts'

const args = z.strictObject({
  dir: path().describe('Folder of the PKI store on the controller'),
  ca: filledText().default('http-ca').describe('Name of the CA in the store'),
  servers: anything().describe('What certificate_status found of each node, as a list'),
  server_hosts: wordList().describe('The nodes that there are; one that was not looked at stops the rotation'),
  clients: anything().describe('What client_trust found of each client, as a list'),
  client_names: wordList().describe('The clients that there are, as client_trust names them: "Kibana on kb1"'),
  force: bool().default(false).describe('Begin a rotation without any other reason; one under way is carried on'),
  until: choice('trust', 'reissue', 'drop').default('drop').describe('The last phase that is done'),
  certificate_days: int().default(365).describe('How many days a new certificate of a node is valid'),
  renew_before_days: int()
    .optional()
    .describe('Days before the end of the CA when its rotation starts. Default: certificate_days'),
  ca_days: int().default(1825).describe('How many days a CA that is made here is valid'),
  ...ownAuthorityArguments,
})

type Args = z.output<typeof args>

interface State {
  readonly authorities: StoredAuthorities
  readonly own: X509Certificate | undefined
  readonly isOwnFormer: boolean
  readonly hasKey: boolean
  readonly now: Date
}

export const trustPhase = defineModule<Args, State>({
  name: 'trust_phase',
  aliases: ['elkseal.elastic.trust_phase'],
  summary:
    'Says from what was seen on all hosts which phase of a CA rotation is next: trust both CAs, reissue, drop the old one. Changes nothing.',
  examples: `
- name: What is to be done
  trust_phase:
    dir: "{{ pki_dir }}"
    servers: "{{ [http_renewal] }}"
    server_hosts: "{{ groups['elasticsearch'] }}"
    clients: []
    client_names: []
  register: rotation
  run_once: true
`,
  args,
  on: 'controller',
  async inspect(look, given) {
    if (given.renew_before_days !== undefined && given.renew_before_days >= given.ca_days) {
      throw new TaskError('A CA would be due for rotation as soon as it is made', {
        hint: `renew_before_days (${given.renew_before_days}) must be less than ca_days (${given.ca_days})`,
      })
    }
    const [authorities, authority, key] = await Promise.all([
      storedAuthorities(look, given.dir, given.ca),
      ownAuthority(look, given),
      storedFile(look, authorityPaths(given.dir, given.ca).key),
    ])
    const own = authority?.certificate
    const isOwnFormer = own !== undefined && (await isFormer(look, given, own))
    return { authorities, own, isOwnFormer, hasKey: key !== undefined, now: look.clock.now() }
  },
  decide(state, given) {
    const plan = planRotation(viewOf(state, given))
    if (plan.phase === 'refuse') return { kind: 'fail', message: plan.text, hint: plan.hint }
    const result = { ...resultOf(plan, given.until), common_name: `Elasticsearch HTTP CA ${dayText(state.now)}` }
    return { kind: 'keep', reason: reasonOf(plan, given.until), result }
  },
})

async function isFormer(look: Look, { dir, ca }: Args, own: X509Certificate): Promise<boolean> {
  return (await storedFile(look, formerAuthorityPath(dir, ca, serialNumber(own)))) !== undefined
}

const order: readonly Phase[] = ['trust', 'reissue', 'drop']

/** Whether each phase is done in this run: from the one that is next to the last that is wanted. */
function resultOf({ phase, begins, steps, text }: RotationPlan, until: Phase): Readonly<Record<string, unknown>> {
  const first = phase === 'none' || phase === 'refuse' ? order.length : order.indexOf(phase)
  const does = (one: Phase) => order.indexOf(one) >= first && order.indexOf(one) <= order.indexOf(until)
  return {
    phase,
    begins,
    trust: does('trust'),
    reissue: does('reissue'),
    drop: does('drop'),
    steps,
    text,
  }
}

function reasonOf({ phase, text }: RotationPlan, until: Phase): string {
  if (phase === 'none' || phase === 'refuse') return `nothing to do: ${text}`
  const isPast = order.indexOf(phase) > order.indexOf(until)
  return isPast ? `nothing to do until ${until}; ${text}` : text
}

function viewOf(state: State, given: Args): RotationView {
  const { current, next } = state.authorities
  if (current === undefined) {
    throw new TaskError(`There is no CA "${authorityPaths(given.dir, given.ca).certificate}"`, {
      hint: 'Check pki_dir; without a store run playbooks/secure-http.yml',
    })
  }
  const rule = { certificateDays: given.certificate_days, beforeDays: given.renew_before_days }
  const isForced = given.force
  const isPromoting = next !== undefined && next.certificate.raw.equals(current.certificate.raw)
  return {
    store: next === undefined ? 'steady' : isPromoting ? 'promoting' : 'rotating',
    ...rotationWill({ ...state, current: current.certificate, next: next?.certificate, isForced, rule }, state.now),
    servers: serversOf(given),
    clients: clientsOf(given),
  }
}

type Found = Readonly<Record<string, unknown>>

/** In the order of those that there are; one that was not looked at is an obstacle. */
function seenOf<T extends { readonly name: string }>(
  found: unknown,
  names: readonly string[],
  of: (one: Found) => T,
): { readonly seen: readonly T[]; readonly unseen: readonly string[] } {
  // The results of our own modules: their shape is their word.
  const all = (Array.isArray(found) ? (found as readonly Found[]) : []).map(of)
  const seen = names.flatMap((name) => all.find((one) => one.name === name) ?? [])
  return { seen, unseen: names.filter((name) => !seen.some((one) => one.name === name)) }
}

function unseen(name: string): Obstacle {
  return {
    text: `${name} was not looked at`,
    hint: 'A phase needs every node and every client: run it without --limit and without --tags',
  }
}

function serversOf(given: Args): readonly SeenServer[] {
  const { seen, unseen: missing } = seenOf(given.servers, given.server_hosts, (one) => serverOf(one, given.ca))
  const none = { store: 'none', file: 'none', served: 'none', isSettled: false } as const
  return [...seen, ...missing.map((name) => ({ name, ...none, obstacle: unseen(name) }))]
}

function clientsOf(given: Args): readonly SeenClient[] {
  const { seen, unseen: missing } = seenOf(given.clients, given.client_names, clientOf)
  return [...seen, ...missing.map((name) => ({ name, trusts: [], isRead: false, obstacle: unseen(name) }))]
}

function serverOf(one: Found, ca: string): SeenServer {
  const [store, file, served] = [one['store'], one['file'], one['served']].map((seen) => (seen ?? {}) as SeenInStatus)
  const prints = [store, file, served].map((seen) => seen?.fingerprint)
  return {
    name: String(one['node']),
    store: originOf(store, ca),
    file: originOf(file, ca),
    served: originOf(served, ca),
    isSettled: prints[0] !== undefined && prints.every((print) => print === prints[0]),
    obstacle: serverObstacle(one, served),
  }
}

/** One of the three certificates in the result of certificate_status. */
interface SeenInStatus {
  readonly fingerprint?: string
  /** Name of the CA in the store; empty when it is none of them. */
  readonly issued_by?: string
  readonly problem?: string
}

function originOf(seen: SeenInStatus | undefined, ca: string): Origin {
  if (seen?.fingerprint === undefined) return 'none'
  return seen.issued_by === ca ? 'current' : seen.issued_by === nextAuthority(ca) ? 'next' : 'other'
}

/** What makes a renewal impossible makes this impossible too, but for what it is there for. */
const ownBusiness = new Set(['CA replaced', 'CA rotation', 'CA expired'])

function serverObstacle(one: Found, served: SeenInStatus | undefined): Obstacle | undefined {
  const [reason] = one['reasons'] as readonly { readonly kind: string; readonly text: string }[]
  const name = String(one['node'])
  if (one['action'] === 'refuse' && reason !== undefined && !ownBusiness.has(reason.kind)) {
    return { text: `${name}: ${reason.text}`, hint: String(one['hint']) }
  }
  if (served?.problem === undefined) return undefined
  return { text: `${name}: ${served.problem}`, hint: 'Start Elasticsearch on it, then go on' }
}

function clientOf(one: Found): SeenClient {
  return {
    name: String(one['name']),
    trusts: one['trusts'] as readonly Origin[],
    isRead: one['is_read'] === true,
    obstacle: one['obstacle'] as Obstacle | undefined,
  }
}

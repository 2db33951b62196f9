import * as z from 'zod'
import { transportPhase, type AuthorityInHand, type TransportPhase } from '../elastic/transport-plan.ts'
import type { TransportFiles } from '../elastic/transport-files.ts'
import { subjectText } from '../pki/certificate-fields.ts'
import type { Identity } from '../pki/issue.ts'
import { choice, int } from './argument-types.ts'
import { defineModule, type Look, type Probe } from './module.ts'
import { transportArguments, type TransportWords } from './transport-arguments.ts'
import { lookAtTransport, noAuthority } from './transport-look.ts'
import { probeIdentity, probeTransport } from './transport-probe.ts'

const args = z.strictObject({
  ...transportArguments,
  reached: choice('reissue', 'drop', 'done').describe(
    '`reissue`: it takes certificates of the CA in hand. `drop`: it has one itself. `done`: and it takes no others',
  ),
  timeout: int().default(15).describe('Seconds to wait'),
})

interface State {
  readonly files: TransportFiles
  readonly words: TransportWords
  readonly authority: AuthorityInHand
  readonly identity: Identity
}

export const transportPhaseGate = defineModule<z.output<typeof args>, State>({
  name: 'transport_phase',
  aliases: ['elkseal.elastic.transport_phase'],
  summary:
    'Waits until a node shows how far it has come on the way to another transport CA: by its files, and by a fresh handshake that shows it a certificate of that CA. Connections that live already prove nothing.',
  examples: `
- name: Every node takes certificates of the new CA
  transport_phase:
    reached: reissue
`,
  args,
  async inspect(look, given) {
    const { words, files, authority } = await lookAtTransport(look, given)
    if (authority === undefined) throw noAuthority()
    return { files, words, authority, identity: await probeIdentity(look, words, files) }
  },
  decide: (state, given, context) => ({
    kind: 'wait',
    what: `"${context.host}" ${wishes[given.reached]}`,
    timeoutMs: given.timeout * 1000,
    intervalMs: 1000,
    probe: (look) => probe(look, state, given.reached),
  }),
})

const order: readonly TransportPhase[] = ['trust', 'reissue', 'drop', 'done']

const wishes = {
  reissue: 'to take certificates of the new CA',
  drop: 'to serve a certificate of the new CA',
  done: 'to trust the new CA alone',
} as const

async function probe(
  look: Look,
  { files, words, authority, identity }: State,
  reached: TransportPhase,
): Promise<Probe> {
  if (files.kind !== 'open') return { done: false, found: 'its files cannot be opened', final: true }
  const seen = await probeTransport(look, files, words, identity)
  const phase = transportPhase(files, authority, seen)
  const name = `"${subjectText(authority.certificate)}"`
  if (order.indexOf(phase) >= order.indexOf(reached))
    return { done: true, reason: said(phase, name), result: { phase } }
  const refused = seen.refused === undefined ? '' : ` (${seen.refused})`
  return { done: false, found: `${said(phase, name)}${refused}` }
}

function said(phase: TransportPhase, name: string): string {
  switch (phase) {
    case 'trust':
      return `it does not take certificates of ${name}`
    case 'reissue':
      return `it takes certificates of ${name}, and has one of another CA itself`
    case 'drop':
      return `it has a certificate of ${name}, and takes those of other CAs too`
    case 'done':
      return `it has a certificate of ${name}, and takes no others`
  }
}

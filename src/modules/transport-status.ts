import type { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { trustedCertificates } from '../elastic/transport-files.ts'
import { rotationDue } from '../elastic/rotation-due.ts'
import { planTransport, type TransportPlan, type TransportView } from '../elastic/transport-plan.ts'
import { dayText, isAmong, subjectText } from '../pki/certificate-fields.ts'
import { bool, int } from './argument-types.ts'
import { certificateValues } from './certificate-words.ts'
import { isForced } from './is-forced.ts'
import { defineModule, type Values } from './module.ts'
import { renewalArguments } from './renewal-arguments.ts'
import { renewalVerdict } from './renewal-verdict.ts'
import { transportArguments } from './transport-arguments.ts'
import { lookAtTransport } from './transport-look.ts'
import { probeTransport } from './transport-probe.ts'

const args = z.strictObject({
  ...transportArguments,
  ...renewalArguments,
  force: bool().default(false).describe('Due without any other reason'),
  certificate_days: int().default(365).describe('How many days a new certificate is valid: a CA is due before'),
})

type Args = z.output<typeof args>

interface State {
  readonly view: TransportView
  readonly plan: TransportPlan
  readonly isAuthorityDue: boolean
}

export const transportStatus = defineModule<Args, State>({
  name: 'transport_status',
  aliases: ['elkseal.elastic.transport_status'],
  summary:
    'Looks at the TLS between the nodes: its files on the host, opened with the passwords of the Elasticsearch keystore, and a fresh handshake with the transport port. Says what is due and whether it can be done without a restart. Changes nothing.',
  examples: `
- name: The certificate with which the node meets other nodes
  transport_status:
  register: transport_renewal
`,
  args,
  async inspect(look, given) {
    const { words, files, authority } = await lookAtTransport(look, given)
    const seen = files.kind === 'off' ? undefined : await probeTransport(look, files, words)
    const { renew_before_days: renewBeforeDays, renew_before: renewBefore } = given
    const force = isForced(given, files.kind === 'open' ? files.key.certificate : undefined, look)
    const view = { files, authority, seen, renewBeforeDays, renewBefore, force }
    const rule = { certificateDays: given.certificate_days, beforeDays: undefined }
    const isAuthorityDue = authority !== undefined && rotationDue(authority.certificate, rule, look.clock.now()).isDue
    return { view, plan: planTransport(view, look.clock.now()), isAuthorityDue }
  },
  decide({ view, plan, isAuthorityDue }) {
    const { files, seen } = view
    const { reason, values } = renewalVerdict(plan)
    const result = {
      ...values,
      authority_due: isAuthorityDue,
      kind: files.kind,
      closed_reason: files.kind === 'closed' ? files.reason : '',
      path: files.kind === 'open' ? files.key.path : '',
      file: described(
        files.kind === 'open' ? files.key.certificate : files.kind === 'closed' ? files.certificate : undefined,
      ),
      served: seen?.certificate === undefined ? { problem: seen?.rejected ?? 'nothing' } : described(seen.certificate),
      trusted: files.kind === 'open' ? trustedCertificates(files).map((one) => trustedText(one, view)) : [],
    }
    return { kind: 'keep', reason, result }
  },
})

function described(certificate: X509Certificate | undefined): Values {
  return certificate === undefined ? { problem: 'not known' } : certificateValues(certificate)
}

function trustedText(certificate: X509Certificate, { authority }: TransportView): string {
  const mark = authority !== undefined && isAmong(certificate, [authority.certificate]) ? ', the CA in hand' : ''
  return `${subjectText(certificate)} until ${dayText(certificate.validToDate)}${mark}`
}

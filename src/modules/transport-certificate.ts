import type { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { sanPlan } from '../elastic/san-plan.ts'
import { trustedCertificates, withIdentity, type OpenTransport } from '../elastic/transport-files.ts'
import { planTransport, type TransportPlan } from '../elastic/transport-plan.ts'
import { TaskError, throwProblems } from '../errors.ts'
import { certificateNames, dayText, isAmong, serialNumber, subjectText } from '../pki/certificate-fields.ts'
import type { CertificateNames } from '../pki/certificate-name.ts'
import { issueLeaf } from '../pki/issue.ts'
import { isFrom, keepReason } from '../pki/reissue-reason.ts'
import { Secret } from '../secrets/secret.ts'
import { bool, filledText, int, textList } from './argument-types.ts'
import { certificateText } from './certificate-words.ts'
import { isForced } from './is-forced.ts'
import { defineModule, type Change, type Look, type Values } from './module.ts'
import { renewalArguments } from './renewal-arguments.ts'
import { transportArguments, type TransportWords } from './transport-arguments.ts'
import { lookToChange, noAuthority, signingAuthority } from './transport-look.ts'

const args = z.strictObject({
  ...transportArguments,
  common_name: filledText().describe('Common name of a new certificate: the name of the node'),
  known_as: textList()
    .default([])
    .describe('Names and addresses of the node for other nodes; those that are neither are left out'),
  days: int().default(365).describe('How many days a new certificate is valid, at most as long as its CA'),
  key_bits: int().default(2048).describe('Length of a new RSA key; 2048 or more'),
  ...renewalArguments,
  force: bool().default(false).describe('Issue a new certificate without any other reason'),
})

type Args = z.output<typeof args>

interface State {
  readonly files: OpenTransport
  readonly issued:
    { readonly reason: string; readonly certificate: X509Certificate; readonly store: Buffer } | undefined
}

export const transportCertificate = defineModule<Args, State>({
  name: 'transport_certificate',
  aliases: ['elkseal.elastic.transport_certificate'],
  summary:
    "Puts a new key and certificate into a node's PKCS#12 store for the transport, where one is due, issued by the CA in hand. Path, password and trusted CAs of the store stay, so that the running node reads it by itself.",
  examples: `
- name: The node's transport certificate
  transport_certificate:
    common_name: '{{ elasticsearch_node_name }}'
    known_as: ['{{ inventory_hostname }}', '{{ elasticsearch_transport_host }}']
  register: transport_certificate
`,
  args,
  makesAtRandom: true,
  async inspect(look, given) {
    const whereClosed = 'The transport certificate cannot be changed while the node runs'
    const { words, files, authority } = await lookToChange(look, given, whereClosed)
    if (given.rotate) {
      if (authority === undefined) throw noAuthority()
      const isMoving = !isFrom(files.key.certificate, authority.certificate)
      if (isMoving) return { files, issued: await issue(look, given, { words, files, reason: 'of the new CA' }) }
    }
    const { renew_before_days: renewBeforeDays, renew_before: renewBefore } = given
    const force = isForced(given, files.key.certificate, look)
    // Whether the node answers is for others to see: here it is about the file.
    const seen = { certificate: files.key.certificate, rejected: undefined, refused: undefined }
    const plan = planTransport({ files, authority, seen, renewBeforeDays, renewBefore, force }, look.clock.now())
    if (plan.action === 'refuse') throw refusal(plan)
    if (plan.action === 'none') return { files, issued: undefined }
    return { files, issued: await issue(look, given, { words, files, reason: plan.text }) }
  },
  decide({ files, issued }, given) {
    const { path, certificate: before } = files.key
    if (issued === undefined) {
      const issuer = trustedCertificates(files).find((one) => isFrom(before, one))
      return {
        kind: 'keep',
        reason: keepReason(before, issuer, given.renew_before_days),
        result: resultOf(path, before),
      }
    }
    const { certificate, reason, store } = issued
    const change: Change = {
      summary: `${path}: new certificate (${reason}), valid until ${dayText(certificate.validToDate)}`,
      diff: {
        before: certificateText(before),
        after: certificateText(certificate),
        beforeHeader: path,
        afterHeader: path,
      },
      effects: [{ kind: 'write-file', path, content: new Secret(store) }],
    }
    return { kind: 'change', change, result: resultOf(path, certificate) }
  },
})

function refusal({ text, hint }: TransportPlan): TaskError {
  return new TaskError(`The transport certificate cannot be renewed: ${text}`, hint === undefined ? {} : { hint })
}

async function issue(
  look: Look,
  given: Args,
  { words, files, reason }: { readonly words: TransportWords; readonly files: OpenTransport; readonly reason: string },
): Promise<NonNullable<State['issued']>> {
  const authority = await signingAuthority(look, words, files)
  if (!isAmong(authority.certificate, trustedCertificates(files))) {
    throw new TaskError(`The node does not trust "${subjectText(authority.certificate)}" yet`, {
      hint: 'Run transport_trust on every node before',
    })
  }
  const names = namesFor(given, files)
  const request = { commonName: given.common_name, names, days: given.days, keyBits: given.key_bits }
  const leaf = await issueLeaf({ ...request, usages: ['server', 'client'], now: look.clock.now() }, authority)
  const store = withIdentity(files, leaf, [authority.certificate, ...authority.chain])
  return { reason, certificate: leaf.certificate, store }
}

/**
 * With verification_mode: full the other nodes look at the names: those that the certificate has must stay, for by one of
 * them they know the node.
 */
function namesFor({ known_as: knownAs }: Args, { key }: OpenTransport): CertificateNames {
  const { dns, addresses } = certificateNames(key.certificate)
  const plan = sanPlan({ knownAs: [...knownAs, ...dns, ...addresses], names: [], addresses: [], localhost: true })
  throwProblems(plan.problems)
  const lost = dns.filter((name) => plan.leftOut.includes(name))
  if (lost.length === 0) return plan.names
  throw new TaskError(`The certificate carries names that a new one cannot carry: ${lost.join(', ')}`)
}

function resultOf(path: string, certificate: X509Certificate): Values {
  return { path, serial: serialNumber(certificate), not_after: certificate.validToDate.toISOString() }
}

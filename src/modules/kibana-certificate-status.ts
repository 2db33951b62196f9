import type { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { certificateNames, fingerprint, serialNumber } from '../pki/certificate-fields.ts'
import { kibanaServerArguments, lookAtKibanaServer, type KibanaServerLook } from './kibana-server-look.ts'
import { defineModule, type Values } from './module.ts'

const args = z.strictObject(kibanaServerArguments)

export const kibanaCertificateStatus = defineModule<z.output<typeof args>, KibanaServerLook>({
  name: 'kibana_certificate_status',
  aliases: ['elkseal.elastic.kibana_certificate_status'],
  summary:
    'Looks at the certificate that Kibana itself serves, in its file and in a fresh handshake, and says whether a new one is due. Changes nothing.',
  examples: `
- name: The certificate that Kibana serves
  kibana_certificate_status:
    dir: '{{ pki_dir }}'
    home: '{{ kibana_home }}'
    path_conf: '{{ kibana_path_conf }}'
    known_as: ['{{ inventory_hostname }}']
  register: kibana_renewal
`,
  args,
  inspect: lookAtKibanaServer,
  decide({ server, view: { files, served }, plan }) {
    const { action, reasons, text, hint } = plan
    const result = {
      action,
      due: action === 'issue' || action === 'reload',
      reasons,
      reason: text,
      hint: hint ?? '',
      host: server.host,
      port: server.port,
      file:
        files.kind === 'open'
          ? described(files.certificate)
          : { problem: files.kind === 'off' ? 'none' : files.reason },
      served: served.kind === 'certificate' ? described(served.certificate) : { problem: served.reason },
    }
    return { kind: 'keep', reason: action === 'none' ? text : `${words[action]}: ${text}`, result }
  },
})

const words: Readonly<Record<Exclude<KibanaServerLook['plan']['action'], 'none'>, string>> = {
  issue: 'a new certificate is due',
  place: 'a new certificate is due',
  reload: 'the file is to be read again',
  refuse: 'cannot be renewed',
}

function described(certificate: X509Certificate): Values {
  const { dns, addresses } = certificateNames(certificate)
  return {
    serial: serialNumber(certificate),
    fingerprint: fingerprint(certificate),
    issuer: certificate.issuer.split('\n').join(', '),
    not_before: certificate.validFromDate.toISOString(),
    not_after: certificate.validToDate.toISOString(),
    names: dns,
    addresses,
  }
}

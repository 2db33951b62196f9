import type { X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { certificateNames } from '../pki/certificate-fields.ts'
import { certificateValues } from './certificate-words.ts'
import { kibanaServerArguments, lookAtKibanaServer, type KibanaServerLook } from './kibana-server-look.ts'
import { defineModule, type Values } from './module.ts'
import { renewalVerdict } from './renewal-verdict.ts'

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
    const { reason, values } = renewalVerdict(plan)
    const result = {
      ...values,
      host: server.host,
      port: server.port,
      file:
        files.kind === 'open'
          ? described(files.certificate)
          : { problem: files.kind === 'off' ? 'none' : files.reason },
      served: served.kind === 'certificate' ? described(served.certificate) : { problem: served.reason },
    }
    return { kind: 'keep', reason, result }
  },
})

function described(certificate: X509Certificate): Values {
  const { dns, addresses } = certificateNames(certificate)
  return { ...certificateValues(certificate), names: dns, addresses }
}

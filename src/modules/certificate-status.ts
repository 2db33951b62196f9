import type { X509Certificate } from 'node:crypto'
import { sanPlan } from '../elastic/san-plan.ts'
import {
  planRenewal,
  type InstalledFile,
  type RenewalPlan,
  type RenewalView,
  type ServedHttp,
} from '../elastic/renewal.ts'
import { certificateNames } from '../pki/certificate-fields.ts'
import { throwProblems } from '../errors.ts'
import { certificateValues } from './certificate-words.ts'
import { statusArguments, type StatusArguments } from './certificate-status-arguments.ts'
import { isFrom } from '../pki/reissue-reason.ts'
import { installedFile, servedHttp, setUpProblem } from './installed-certificate.ts'
import type { StoredAuthorities } from './issuing-authority.ts'
import { defineModule, type Values } from './module.ts'
import { renewalVerdict } from './renewal-verdict.ts'
import { storedSide } from './stored-certificate.ts'

interface State {
  readonly view: RenewalView
  readonly plan: RenewalPlan
  readonly authorities: StoredAuthorities
}

export const certificateStatus = defineModule<StatusArguments, State>({
  name: 'certificate_status',
  aliases: ['elkseal.elastic.certificate_status'],
  summary:
    'Compares the certificate in the store, in the file on the host and in a fresh handshake, and says what a renewal would do and why. Changes nothing.',
  examples: `
- name: What is installed and served, and what is due
  certificate_status:
    dir: "{{ pki_dir }}"
    node: "{{ inventory_hostname }}"
    known_as: ["{{ inventory_hostname }}", "{{ ansible_host }}"]
    path_conf: "{{ elasticsearch_path_conf }}"
    user: "{{ elasticsearch_user }}"
    group: "{{ elasticsearch_group }}"
  register: http_renewal
`,
  args: statusArguments,
  async inspect(look, given) {
    const { names, problems } = sanPlan({
      knownAs: given.known_as,
      names: given.names,
      addresses: given.addresses,
      localhost: true,
    })
    throwProblems(problems)
    const [side, served, notSetUp] = await Promise.all([
      storedSide(look, given, names),
      servedHttp(look, given),
      setUpProblem(look, given),
    ])
    const view: RenewalView = { ...side.view, served, notSetUp, installed: await installedFile(look, given, side) }
    return { view, plan: planRenewal(view, look.clock.now()), authorities: side.authorities }
  },
  decide({ view, plan, authorities }, given) {
    const shown = (certificate: X509Certificate) => described(certificate, authorities)
    const { reason, values } = renewalVerdict(plan)
    const result = {
      ...values,
      node: given.node,
      store: view.stored?.certificate === undefined ? { problem: 'none' } : shown(view.stored.certificate),
      file: describedFile(view.installed, shown),
      served: describedServed(view.served, shown),
    }
    return { kind: 'keep', reason, result }
  },
})

function described(certificate: X509Certificate, { current, next }: StoredAuthorities): Values {
  const from = [current, next].find((one) => one !== undefined && isFrom(certificate, one.certificate))
  const { dns, addresses } = certificateNames(certificate)
  return { ...certificateValues(certificate), issued_by: from?.name ?? '', names: dns, addresses }
}

type Shown = (certificate: X509Certificate) => Values

function describedFile(file: InstalledFile, shown: Shown): Values {
  if (file.kind === 'certificate') return shown(file.certificate)
  return { problem: file.kind === 'missing' ? 'missing' : file.reason }
}

function describedServed(served: ServedHttp, shown: Shown): Values {
  if (served.kind === 'nothing') return { problem: served.reason }
  return { ...shown(served.certificate), ...(served.rejected === undefined ? {} : { rejected: served.rejected }) }
}

import type { X509Certificate } from 'node:crypto'
import type * as z from 'zod'
import { openKibanaFiles, type KibanaServerFiles } from '../elastic/kibana-server-files.ts'
import { planKibanaRenewal, readsCertificatesAgain, type KibanaRenewalView } from '../elastic/kibana-renewal.ts'
import { kibanaServer, type KibanaServer } from '../elastic/kibana-server-tls.ts'
import type { RenewalPlan } from '../elastic/renewal.ts'
import { sanPlan } from '../elastic/san-plan.ts'
import { openKibanaKeystore } from '../elastic/sealed-store.ts'
import { TaskError, throwProblems } from '../errors.ts'
import { fileAt } from '../facts/file.ts'
import { kibanaInstallation } from '../facts/kibana.ts'
import { serviceFreshness } from '../facts/service-freshness.ts'
import { certificateNames } from '../pki/certificate-fields.ts'
import type { CertificateNames } from '../pki/certificate-name.ts'
import { isFrom } from '../pki/reissue-reason.ts'
import { PkiError } from '../pki/pki-error.ts'
import { readSettings } from '../yaml-settings/read-settings.ts'
import { bool, filledText, path, secret, textList } from './argument-types.ts'
import { servedAt } from './installed-certificate.ts'
import { formerAuthorities, storedAuthorities, type NamedAuthority } from './issuing-authority.ts'
import type { Look } from './module.ts'
import { renewalArguments } from './renewal-arguments.ts'

/** What both modules of Kibana's own certificate are told. */
export const kibanaServerArguments = {
  dir: path().describe('Folder of the PKI store on the controller'),
  ca: filledText().default('http-ca').describe('Name of the CA in the store'),
  home: path().describe('Installation folder of Kibana, as kibana_facts found it'),
  path_conf: path().describe('Folder of kibana.yml'),
  service: filledText().default('kibana').describe('The systemd unit'),
  keystore_password: secret().optional().describe('Password of a protected Kibana keystore'),
  known_as: textList()
    .default([])
    .describe('Names and addresses by which Kibana is known; those that are neither are left out'),
  names: textList().default([]).describe('Host names that its users use; each must be one'),
  addresses: textList().default([]).describe('IP addresses that its users use; each must be one'),
  ...renewalArguments,
  force: bool().default(false).describe('Due without any other reason'),
}

export type KibanaServerArguments = z.output<z.ZodObject<typeof kibanaServerArguments>>

export interface KibanaServerLook {
  readonly server: KibanaServer
  readonly view: KibanaRenewalView
  readonly plan: RenewalPlan
  readonly authority: NamedAuthority | undefined
  /** Whether it reads its certificate again without a restart. */
  readonly reloads: boolean
}

/** Kibana's settings, its files, a fresh handshake, and what is due. */
export async function lookAtKibanaServer(look: Look, given: KibanaServerArguments): Promise<KibanaServerLook> {
  const { home, path_conf: pathConf, service } = given
  const installation = await look.host.ask(kibanaInstallation({ home, pathConf, service }))
  const { keystore, keystorePath, settingsText } = installation
  const yml = `${pathConf}/kibana.yml`
  if (settingsText === undefined) throw new TaskError(`There is no "${yml}"`, { hint: 'Set kibana_path_conf' })
  const { settings, problems } = readSettings(settingsText, yml)
  throwProblems(problems)
  const opened = keystore && openKibanaKeystore(keystore, keystorePath, given.keystore_password?.reveal() ?? '')
  const server = kibanaServer({ settings, keystore: opened ?? new Map(), home })
  const [files, missing, authorities, former, freshness] = await Promise.all([
    serverFiles(look, server),
    missingFiles(look, server.alsoRead),
    storedAuthorities(look, given.dir, given.ca),
    formerAuthorities(look, given.dir, given.ca),
    look.host.ask(serviceFreshness(service, [yml, keystorePath])),
  ])
  const known = [authorities.current, authorities.next].filter((one) => one !== undefined)
  const isIssuer = (one: NamedAuthority) => files.kind === 'open' && isFrom(files.certificate, one.certificate)
  const authority = known.find(isIssuer) ?? authorities.current
  const { renew_before_days: renewBeforeDays, renew_before: renewBefore, force } = given
  const view: KibanaRenewalView = {
    files,
    authority: authority?.certificate,
    formerAuthorities: former,
    served: await served(look, server, [...known.map((one) => one.certificate), ...former]),
    changedSettings: freshness.newer,
    missing,
    rule: { names: namesFor(given, server, files), renewBeforeDays, renewBefore, force },
  }
  const plan = planKibanaRenewal(view, look.clock.now())
  return { server, view, plan, authority, reloads: readsCertificatesAgain(installation.version) }
}

async function serverFiles(look: Look, { tls }: KibanaServer): Promise<KibanaRenewalView['files']> {
  if (tls.kind === 'off') return tls
  if (tls.kind === 'fixed') return { kind: 'closed', reason: tls.reason }
  const paths = tls.kind === 'p12' ? [tls.path] : [tls.certificatePath, tls.keyPath]
  const found = await Promise.all(paths.map((each) => look.host.ask(fileAt(each, { content: true, follow: false }))))
  const other = found.findIndex((file) => file.kind !== 'file')
  if (other !== -1) {
    const what = found[other]?.kind === 'absent' ? 'is missing' : 'is no regular file'
    return { kind: 'closed', reason: `"${paths[other] ?? ''}" ${what}` }
  }
  const contents = found.flatMap((file) => (file.kind === 'file' && file.content !== undefined ? [file.content] : []))
  if (contents.length < paths.length) {
    throw new TaskError(`Cannot read "${paths.join('" and "')}"`, { hint: 'Use become: true' })
  }
  try {
    return { kind: 'open', ...openKibanaFiles(tls, contents) }
  } catch (thrown) {
    if (!(thrown instanceof PkiError)) throw thrown
    return { kind: 'closed', reason: thrown.message }
  }
}

async function missingFiles(look: Look, paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((each) => look.host.ask(fileAt(each))))
  return paths.filter((_, index) => found[index]?.kind !== 'file')
}

async function served(look: Look, { tls, host, port }: KibanaServer, known: readonly X509Certificate[]) {
  if (tls.kind === 'off') return { kind: 'nothing', reason: 'Kibana serves no https' } as const
  const ca = known.map((one) => one.toString()).join('') || undefined
  return servedAt(look, { host, port, ca })
}

/** Those that the certificate has stay: users may come by names that nobody else knows of. */
function namesFor(
  given: KibanaServerArguments,
  server: KibanaServer,
  files: { readonly kind: 'off' | 'closed' } | ({ readonly kind: 'open' } & KibanaServerFiles),
): CertificateNames {
  const { dns, addresses } = files.kind === 'open' ? certificateNames(files.certificate) : { dns: [], addresses: [] }
  const knownAs = [...given.known_as, ...server.names, ...dns, ...addresses]
  const plan = sanPlan({ knownAs, names: given.names, addresses: given.addresses, localhost: true })
  throwProblems(plan.problems)
  return plan.names
}

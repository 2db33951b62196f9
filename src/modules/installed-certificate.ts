import type { X509Certificate } from 'node:crypto'
import { shownCertificate, type HandshakeTarget } from '../elastic/served-certificate.ts'
import type { InstalledFile, ServedHttp } from '../elastic/renewal.ts'
import { TaskError } from '../errors.ts'
import { fileAt, type FileState } from '../facts/file.ts'
import { HttpError } from '../facts/http.ts'
import { certificateOf, readPkcs12 } from '../pki/pkcs12.ts'
import { PkiError } from '../pki/pki-error.ts'
import type { Secret } from '../secrets/secret.ts'
import { readSettings } from '../yaml-settings/read-settings.ts'
import type { StatusArguments } from './certificate-status-arguments.ts'
import { nodeEndpoint } from './elasticsearch-endpoint.ts'
import { modeText } from './file-mode.ts'
import { storedAuthorities } from './issuing-authority.ts'
import type { Look } from './module.ts'
import type { StoredSide } from './stored-certificate.ts'
import { lookVariables } from './task-variables.ts'

/** The file on the host, opened here with the store's password. */
export async function installedFile(look: Look, given: StatusArguments, side: StoredSide): Promise<InstalledFile> {
  const path = `${given.path_conf}/${given.keystore}`
  const file = await look.host.ask(fileAt(path, { content: true }))
  if (file.kind === 'absent') return { kind: 'missing' }
  if (file.kind !== 'file') return { kind: 'unreadable', reason: `${path} is no regular file` }
  if (file.content === undefined) throw new TaskError(`Cannot read "${path}"`, { hint: 'Use become: true' })
  if (side.password === undefined) return { kind: 'unreadable', reason: `the password of ${path} is not known` }
  try {
    const certificate = certificateIn(file.content, side.password)
    if (certificate === undefined) return { kind: 'unreadable', reason: `${path} holds no key with its certificate` }
    return { kind: 'certificate', certificate, isStored: side.sha256 === file.sha256, closed: closedTo(file, given) }
  } catch (thrown) {
    if (!(thrown instanceof PkiError)) throw thrown
    return { kind: 'unreadable', reason: `${path}: ${thrown.message}` }
  }
}

/** Shakes hands once. It is no failure when nothing answers: that is what was asked. */
export async function servedHttp(look: Look, given: StatusArguments): Promise<ServedHttp> {
  const { current, next } = await storedAuthorities(look, given.dir, given.ca)
  const pems = [current, next].flatMap((one) => one?.certificate.toString() ?? [])
  const ca = pems.length === 0 ? undefined : pems.join('')
  const { host, port } = nodeEndpoint(given, lookVariables(look))
  return servedAt(look, { host, port, ca })
}

/** The same, of any address. */
export async function servedAt(look: Look, target: HandshakeTarget): Promise<ServedHttp> {
  try {
    return { kind: 'certificate', ...(await shownCertificate(look.host, target)) }
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown
    return { kind: 'nothing', reason: thrown.message }
  }
}

/** Why elasticsearch.yml does not have http served from the file; undefined when it does. */
export async function setUpProblem(look: Look, given: StatusArguments): Promise<string | undefined> {
  const path = `${given.path_conf}/elasticsearch.yml`
  const file = await look.host.ask(fileAt(path, { content: true }))
  if (file.kind !== 'file' || file.content === undefined) return `there is no "${path}"`
  const { settings } = readSettings(file.content.toString(), path)
  const text = (name: string) => settings.get(`xpack.security.http.ssl.${name}`)?.text
  if (text('enabled') !== 'true') return 'http is not secured yet'
  const keystore = text('keystore.path')
  if (keystore === given.keystore || keystore === `${given.path_conf}/${given.keystore}`) return undefined
  return keystore === undefined
    ? `http is served from other files than ${given.keystore}`
    : `http is served from ${keystore}`
}

function certificateIn(content: Buffer, password: Secret): X509Certificate | undefined {
  const store = readPkcs12(content, password)
  const [key] = store.keys
  return key === undefined ? undefined : certificateOf(store, key)
}

/** Why the account may not read it, by the permission bits; undefined when it may. */
function closedTo(
  { owner, group, mode }: Extract<FileState, { kind: 'file' }>,
  account: Pick<StatusArguments, 'user' | 'group'>,
): string | undefined {
  const bits = owner === account.user ? 0o400 : group === account.group ? 0o040 : 0o004
  return (mode & bits) === 0 ? `${owner}:${group} ${modeText(mode)}` : undefined
}

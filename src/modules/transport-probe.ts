import { certificatesToPem } from '../pki/pem.ts'
import { issueLeaf, type Identity } from '../pki/issue.ts'
import { trustedCertificates, type TransportFiles } from '../elastic/transport-files.ts'
import { transportHandshake, type TransportHandshake } from '../elastic/transport-handshake.ts'
import type { Look } from './module.ts'
import type { TransportWords } from './transport-arguments.ts'
import { signingAuthority } from './transport-look.ts'

/** Shakes hands with a node as another node of it would: with its own certificate, unless another one is to be shown. */
export async function probeTransport(
  look: Look,
  files: TransportFiles,
  { host, port }: Pick<TransportWords, 'host' | 'port'>,
  shown?: Identity,
): Promise<TransportHandshake> {
  const ca = files.kind === 'open' ? certificatesToPem(trustedCertificates(files)) : ''
  const identity = shown ?? (files.kind === 'open' ? files.key : undefined)
  return transportHandshake(look.host, { host, port, ca, identity })
}

/** A certificate of the CA in hand that lives for a day and leaves this machine for handshakes only. */
export async function probeIdentity(look: Look, words: TransportWords, files: TransportFiles): Promise<Identity> {
  const authority = await signingAuthority(look, words, files)
  const names = { dns: [], addresses: [] }
  return issueLeaf(
    { commonName: 'elkseal', names, days: 1, keyBits: 2048, usages: ['client', 'server'], now: look.clock.now() },
    authority,
  )
}

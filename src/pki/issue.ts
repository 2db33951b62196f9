import { createHash, generateKeyPair, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { throwProblems } from '../errors.ts'
import { certificateFields } from './certificate-fields.ts'
import { addressBytes, namesProblems, type CertificateNames } from './certificate-name.ts'
import {
  bitString,
  boolean,
  bytesOf,
  childrenOf,
  decodeDer,
  encodeDer,
  integer,
  nullValue,
  objectId,
  octetString,
  sequence,
  setOf,
  tagged,
  time,
  utf8String,
  type DerNode,
} from './der.ts'
import { objectIds } from './object-ids.ts'
import { PkiError } from './pki-error.ts'

/** A certificate with its private key. */
export interface Identity {
  readonly certificate: X509Certificate
  readonly key: KeyObject
}

/** A CA that can sign, and the certificates above it, its issuer first. */
export interface Authority extends Identity {
  readonly chain: readonly X509Certificate[]
}

export type Usage = 'server' | 'client'

export interface AuthorityRequest {
  readonly commonName: string
  readonly days: number
  readonly keyBits: number
  readonly now: Date
}

export interface LeafRequest {
  readonly commonName: string
  readonly names: CertificateNames
  readonly days: number
  readonly keyBits: number
  readonly usages: readonly Usage[]
  readonly now: Date
}

const dayMs = 24 * 60 * 60 * 1000

/** Clocks of hosts differ: a certificate is valid a little before it is made. */
const backdateMs = 10 * 60 * 1000

/** When one of ours was issued, to the second. */
export function issuedAt(certificate: X509Certificate): Date {
  return new Date(certificate.validFromDate.getTime() + backdateMs)
}

/** A self-signed CA with the extensions of elasticsearch-certutil's: no path length, keyCertSign and cRLSign. */
export async function issueAuthority(request: AuthorityRequest): Promise<Authority> {
  const { privateKey, publicKey } = await newKeys(request.keyBits)
  const subject = commonName(request.commonName)
  const certificate = signed(
    {
      issuer: subject,
      subject,
      publicKey,
      notBefore: new Date(request.now.getTime() - backdateMs),
      notAfter: new Date(request.now.getTime() + request.days * dayMs),
      extensions: [
        extension(objectIds.basicConstraints, sequence(boolean(true)), true),
        // keyCertSign is bit 5, cRLSign bit 6.
        extension(objectIds.keyUsage, bitString(Buffer.from([0b0000_0110]), 1), true),
        extension(objectIds.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
        extension(objectIds.authorityKeyIdentifier, sequence(tagged(0, keyIdentifier(publicKey)))),
      ],
    },
    privateKey,
  )
  return { certificate, key: privateKey, chain: [] }
}

/**
 * A certificate with a new key, never valid longer than its CA. Throws an InputError for names that are none, a PkiError
 * when the CA's key is of a kind that cannot sign.
 */
export async function issueLeaf(request: LeafRequest, authority: Authority): Promise<Identity> {
  throwProblems(namesProblems(request.names))
  const { privateKey, publicKey } = await newKeys(request.keyBits)
  const issuer = certificateFields(authority.certificate)
  const wantedEnd = request.now.getTime() + request.days * dayMs
  const certificate = signed(
    {
      issuer: issuer.subject,
      subject: commonName(request.commonName),
      publicKey,
      notBefore: new Date(request.now.getTime() - backdateMs),
      notAfter: new Date(Math.min(wantedEnd, authority.certificate.validToDate.getTime())),
      extensions: leafExtensions(request, publicKey, authorityKeyIdentifier(authority.certificate)),
    },
    authority.key,
  )
  if (!certificate.checkIssued(authority.certificate) || !certificate.verify(authority.certificate.publicKey)) {
    throw new PkiError('The private key of the CA does not match its certificate')
  }
  return { certificate, key: privateKey }
}

function leafExtensions(request: LeafRequest, publicKey: KeyObject, authorityKey: Buffer): readonly DerNode[] {
  const usages = request.usages.map((usage) =>
    objectId(usage === 'server' ? objectIds.serverAuth : objectIds.clientAuth),
  )
  const names = [
    ...request.names.dns.map((name) => tagged(2, Buffer.from(name, 'ascii'))),
    ...request.names.addresses.map((address) => tagged(7, addressBytes(address))),
  ]
  return [
    extension(objectIds.basicConstraints, sequence()),
    // digitalSignature is bit 0, keyEncipherment bit 2.
    extension(objectIds.keyUsage, bitString(Buffer.from([0b1010_0000]), 5), true),
    extension(objectIds.extendedKeyUsage, sequence(...usages)),
    extension(objectIds.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
    extension(objectIds.authorityKeyIdentifier, sequence(tagged(0, authorityKey))),
    ...(names.length === 0 ? [] : [extension(objectIds.subjectAltName, sequence(...names))]),
  ]
}

interface CertificateContent {
  readonly issuer: DerNode
  readonly subject: DerNode
  readonly publicKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  readonly extensions: readonly DerNode[]
}

function signed(content: CertificateContent, key: KeyObject): X509Certificate {
  const { hash, algorithm } = signatureOf(key)
  const body = sequence(
    tagged(0, [integer(2)]),
    integer(newSerial()),
    algorithm,
    content.issuer,
    sequence(time(content.notBefore), time(content.notAfter)),
    content.subject,
    decodeDer(content.publicKey.export({ type: 'spki', format: 'der' })),
    tagged(3, [sequence(...content.extensions)]),
  )
  const signature = sign(hash, encodeDer(body), key)
  return new X509Certificate(encodeDer(sequence(body, algorithm, bitString(signature))))
}

/** At most 159 bits, so that its DER has at most RFC 5280's 20 bytes; the same length always. */
function newSerial(): Buffer {
  const bytes = randomBytes(20)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

const ellipticSignatures: ReadonlyMap<string, { readonly hash: string; readonly id: string }> = new Map([
  ['prime256v1', { hash: 'sha256', id: objectIds.ecdsaWithSha256 }],
  ['secp384r1', { hash: 'sha384', id: objectIds.ecdsaWithSha384 }],
  ['secp521r1', { hash: 'sha512', id: objectIds.ecdsaWithSha512 }],
])

function signatureOf(key: KeyObject): { readonly hash: string; readonly algorithm: DerNode } {
  if (key.asymmetricKeyType === 'rsa') {
    return { hash: 'sha256', algorithm: sequence(objectId(objectIds.sha256WithRsa), nullValue()) }
  }
  const curve = key.asymmetricKeyDetails?.namedCurve ?? ''
  const elliptic = ellipticSignatures.get(curve)
  if (elliptic !== undefined) return { hash: elliptic.hash, algorithm: sequence(objectId(elliptic.id)) }
  throw new PkiError(`Cannot sign with a CA key of type "${curve || (key.asymmetricKeyType ?? 'unknown')}"`, {
    hint: 'Use a CA with an RSA key, or an EC key on P-256, P-384 or P-521',
  })
}

/** Whether a CA's key is of a kind we can sign with; throws the PkiError that says what to do instead. */
export function assertCanSign(key: KeyObject): void {
  signatureOf(key)
}

/** The longest common name that X.520 allows; clients look at the alternative names only. */
const longestCommonName = 64

function commonName(text: string): DerNode {
  return sequence(setOf(sequence(objectId(objectIds.commonName), utf8String(text.slice(0, longestCommonName)))))
}

function extension(id: string, value: DerNode, critical = false): DerNode {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octetString(encodeDer(value)))
}

/** SHA-1 of the public key's bits (RFC 5280, 4.2.1.2, method 1), as certutil and OpenSSL make it. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const bits = bytesOf(childrenOf(decodeDer(publicKey.export({ type: 'spki', format: 'der' })))[1]).subarray(1)
  return createHash('sha1').update(bits).digest()
}

function authorityKeyIdentifier(certificate: X509Certificate): Buffer {
  const stated = certificateFields(certificate).extensions.get(objectIds.subjectKeyIdentifier)
  return stated === undefined ? keyIdentifier(certificate.publicKey) : bytesOf(decodeDer(stated))
}

async function newKeys(bits: number): Promise<{ readonly publicKey: KeyObject; readonly privateKey: KeyObject }> {
  if (bits < 2048) {
    throw new PkiError(`An RSA key of ${bits} bits is too short`, { hint: 'Use 2048, 3072 or 4096' })
  }
  return promisify(generateKeyPair)('rsa', { modulusLength: bits })
}

import type forge from 'node-forge'
import { loadForge } from './forge.ts'
import { PkiError } from './pki-error.ts'

/*
 * ASN.1 in DER (X.690), as Buffers, over node-forge's codec. Reading also takes BER: constructed strings and indefinite
 * lengths, as some PKCS#12 files have them.
 */

export type DerNode = forge.asn1.Asn1

const asn1 = () => loadForge().asn1

/** forge's types know the universal tags only. */
type Create = (tagClass: number, type: number, constructed: boolean, value: string | DerNode[]) => DerNode
const create: Create = (...parts) => (asn1() as unknown as { readonly create: Create }).create(...parts)

export function encodeDer(node: DerNode): Buffer {
  return Buffer.from(asn1().toDer(node).getBytes(), 'latin1')
}

/** Throws a PkiError when the bytes are not one ASN.1 value. */
export function decodeDer(bytes: Buffer): DerNode {
  try {
    // Undocumented in the types: bit strings are kept as bytes, and nothing may follow the value.
    const options = { strict: false, parseAllBytes: true, decodeBitStrings: false } as unknown as boolean
    return asn1().fromDer(bytes.toString('latin1'), options)
  } catch (thrown) {
    throw new PkiError('The data is no ASN.1 structure', { cause: thrown })
  }
}

export function sequence(...items: readonly DerNode[]): DerNode {
  return asn1().create(asn1().Class.UNIVERSAL, asn1().Type.SEQUENCE, true, [...items])
}

export function setOf(...items: readonly DerNode[]): DerNode {
  return asn1().create(asn1().Class.UNIVERSAL, asn1().Type.SET, true, [...items])
}

export function objectId(dotted: string): DerNode {
  return primitive(asn1().Type.OID, Buffer.from(asn1().oidToDer(dotted).getBytes(), 'latin1'))
}

/** Not negative; leading zero bytes do not matter. */
export function integer(value: number | Buffer): DerNode {
  const bytes = typeof value === 'number' ? Buffer.from(evenHex(value), 'hex') : value
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first === -1 ? Buffer.alloc(1) : bytes.subarray(first)
  return primitive(asn1().Type.INTEGER, (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), digits]) : digits)
}

export function octetString(bytes: Buffer): DerNode {
  return primitive(asn1().Type.OCTETSTRING, bytes)
}

/** A bit string; `unused` bits at its end do not count. */
export function bitString(bytes: Buffer, unused = 0): DerNode {
  return primitive(asn1().Type.BITSTRING, Buffer.concat([Buffer.from([unused]), bytes]))
}

export function boolean(value: boolean): DerNode {
  return primitive(asn1().Type.BOOLEAN, Buffer.from([value ? 0xff : 0]))
}

export function nullValue(): DerNode {
  return primitive(asn1().Type.NULL, Buffer.alloc(0))
}

export function utf8String(text: string): DerNode {
  return primitive(asn1().Type.UTF8, Buffer.from(text, 'utf8'))
}

/** forge keeps the text of this type as it is, and makes two bytes of each UTF-16 unit itself. */
export function bmpString(text: string): DerNode {
  return create(asn1().Class.UNIVERSAL, asn1().Type.BMPSTRING, false, text)
}

/** The text of a BMPString; undefined for any other value. */
export function bmpTextOf(node: DerNode | undefined): string | undefined {
  const isText =
    node?.tagClass === asn1().Class.UNIVERSAL && node.type === asn1().Type.BMPSTRING && typeof node.value === 'string'
  return isText ? (node.value as string) : undefined
}

/** UTCTime until 2049, then GeneralizedTime (RFC 5280, 4.1.2.5). */
export function time(date: Date): DerNode {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '')
  const short = date.getUTCFullYear() < 2050
  return primitive(
    short ? asn1().Type.UTCTIME : asn1().Type.GENERALIZEDTIME,
    Buffer.from(short ? digits.slice(2) : digits),
  )
}

/** `[tag]` around other values (explicit, or implicit of a constructed type), or in place of a primitive's own tag. */
export function tagged(tag: number, content: Buffer | readonly DerNode[]): DerNode {
  const value = Buffer.isBuffer(content) ? content.toString('latin1') : [...content]
  return create(asn1().Class.CONTEXT_SPECIFIC, tag, !Buffer.isBuffer(content), value)
}

export function isTagged(node: DerNode | undefined, tag: number): node is DerNode {
  return node?.tagClass === asn1().Class.CONTEXT_SPECIFIC && (node.type as number) === tag
}

export function isType(node: DerNode | undefined, type: 'boolean' | 'integer' | 'octets' | 'sequence'): boolean {
  const types = {
    boolean: asn1().Type.BOOLEAN,
    integer: asn1().Type.INTEGER,
    octets: asn1().Type.OCTETSTRING,
    sequence: asn1().Type.SEQUENCE,
  }
  return node?.tagClass === asn1().Class.UNIVERSAL && node.type === types[type]
}

/** What a sequence, a set or a constructed tag holds. Throws a PkiError for anything else. */
export function childrenOf(node: DerNode | undefined): readonly DerNode[] {
  if (node !== undefined && Array.isArray(node.value)) return node.value
  throw new PkiError('The data has not the expected ASN.1 structure')
}

/** The content of a primitive; a string in pieces is put together. */
export function bytesOf(node: DerNode | undefined): Buffer {
  if (node === undefined) throw new PkiError('The data has not the expected ASN.1 structure')
  if (Array.isArray(node.value)) return Buffer.concat(node.value.map(bytesOf))
  return Buffer.from(node.value, 'latin1')
}

export function objectIdOf(node: DerNode | undefined): string {
  return asn1().derToOid(bytesOf(node).toString('latin1'))
}

export function smallIntegerOf(node: DerNode | undefined): number {
  const bytes = bytesOf(node)
  if (bytes.length > 6) throw new PkiError('A number in the data is too large')
  return bytes.length === 0 ? 0 : bytes.readUIntBE(0, bytes.length)
}

function primitive(type: forge.asn1.Type, bytes: Buffer): DerNode {
  return asn1().create(asn1().Class.UNIVERSAL, type, false, bytes.toString('latin1'))
}

function evenHex(value: number): string {
  const hex = value.toString(16)
  return hex.length % 2 === 0 ? hex : `0${hex}`
}

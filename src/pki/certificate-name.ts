import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Problem } from '../errors.ts'

/** What a certificate is valid for: its subject alternative names, in canonical spelling, without doubles. */
export interface CertificateNames {
  /** Host names, lower case; a leading `*.` is a wildcard. */
  readonly dns: readonly string[]
  /** IPv4 and IPv6 addresses, IPv6 as RFC 5952 writes it. */
  readonly addresses: readonly string[]
}

const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/

/** Why a text cannot stand in a certificate as a host name; undefined when it can. Underscores are let through: clients take them. */
export function hostNameProblem(text: string): Problem | undefined {
  const name = text.toLowerCase()
  const message = `"${text}" is no host name`
  if (/[^\0-\x7f]/.test(name)) {
    const ascii = domainToASCII(name)
    return { message, hint: ascii === '' ? undefined : `Write it in ASCII: ${ascii}` }
  }
  if (name.endsWith('.') && name.length > 1) return { message, hint: `Leave out the final dot: ${name.slice(0, -1)}` }
  if (/^[a-z]+:\/\//.test(name)) return { message, hint: 'Give the name alone, without scheme and port' }
  if (/^[^:]+:\d+$/.test(name)) return { message, hint: `Leave out the port: ${name.split(':')[0] ?? ''}` }
  const labels = name.split('.')
  if (labels[0] === '*' && labels.length > 2) labels.shift()
  if (name.length > 253 || !labels.every((one) => label.test(one))) return { message }
  // A name whose last part is a number is read as an IPv4 address (RFC 3986, WHATWG URL), and is none.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return { message, hint: 'It looks like an IPv4 address, but is none' }
  return undefined
}

/** The canonical text of an IP address; undefined when it is none. IPv6 zones (`%eth0`) are none. */
export function canonicalAddress(text: string): string | undefined {
  switch (isIP(text)) {
    case 4:
      return text
    case 6:
      return text.includes('%') ? undefined : new URL(`http://[${text}]`).hostname.slice(1, -1)
    default:
      return undefined
  }
}

/** 4 or 16 bytes in network order, as a certificate holds them. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = (canonicalAddress(address) ?? '').split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = new Array<number>(8 - before.length - after.length).fill(0)
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]))
}

export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.')
  const groups = Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return canonicalAddress(groups.join(':')) ?? bytes.toString('hex')
}

/** Lower case, canonical addresses, doubles dropped, order kept. Throws nothing: invalid ones are kept as they are. */
export function canonicalNames(dns: readonly string[], addresses: readonly string[]): CertificateNames {
  return {
    dns: [...new Set(dns.map((name) => name.toLowerCase()))],
    addresses: [...new Set(addresses.map((address) => canonicalAddress(address) ?? address))],
  }
}

export function namesProblems(names: CertificateNames): readonly Problem[] {
  const addresses = names.addresses
    .filter((address) => canonicalAddress(address) === undefined)
    .map((address) => ({ message: `"${address}" is no IP address` }))
  const dns = names.dns.map((name) =>
    isIP(name) === 0
      ? hostNameProblem(name)
      : { message: `"${name}" is an IP address, not a host name`, hint: 'Put it among the addresses' },
  )
  return [...dns.filter((problem) => problem !== undefined), ...addresses]
}

function groupsOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => parseInt(group, 16))
}

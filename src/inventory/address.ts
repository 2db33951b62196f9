/*
 * What may stand before the variables of a host: a name, an address, each perhaps with ranges and a port. After
 * ansible-core's lib/ansible/parsing/utils/addresses.py.
 */

export interface Address {
  readonly host: string
  readonly port: number | undefined
}

const numericRange = String.raw`\[(?:[0-9]+:[0-9]+)(?::[0-9]+)?\]`
const hexadecimalRange = String.raw`\[(?:[0-9a-f]+:[0-9a-f]+)(?::[0-9]+)?\]`
const alphanumericRange = String.raw`\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]`
const ipv4Part = `(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5]|${numericRange})`
const ipv6Part = `(?:[0-9a-f]{1,4}|${hexadecimalRange})`
const wordCharacter = String.raw`[\p{L}\p{N}_]`
const label = `(?:${wordCharacter}|${alphanumericRange})(?:${wordCharacter}|-|${alphanumericRange})*(?<![_-])`

const ipv4Pattern = new RegExp(String.raw`^(?:${ipv4Part}\.){3}${ipv4Part}$`, 'i')
const ipv6Pattern = new RegExp(`^(?:${ipv6Forms(ipv6Part).join('|')})$`, 'i')
const namePattern = new RegExp(String.raw`^${label}(?:\.${label})*$`, 'iu')

/** Undefined when the text is neither a host name nor an address, with or without a port. */
export function parseAddress(text: string): Address | undefined {
  let host = text
  let port: number | undefined
  // One after the other, as Ansible does: brackets first, and what was inside may have a port again.
  for (const pattern of [/^\[(.+)\]:([0-9]+)$/, /^((?:[^:[\]]|\[[^\]]*\])*):([0-9]+)$/]) {
    const match = pattern.exec(host)
    if (match === null) continue
    host = match[1] ?? ''
    port = Number(match[2])
  }
  if (![ipv4Pattern, ipv6Pattern, namePattern].some((pattern) => pattern.test(host))) return undefined
  return { host, port }
}

export function isIpAddress(text: string): boolean {
  return ipv4Pattern.test(text) || ipv6Pattern.test(text)
}

function ipv6Forms(part: string): string[] {
  const compressed = [1, 2, 3, 4, 5, 6].map((before) => `(?:${part}:){${String(before)}}(?::${part}){1,${String(7 - before)}}`)
  const mapped = String.raw`(?:${part}\.){3}${part}`
  return [
    `(?:${part}:){7}${part}`,
    `(?:${part}:){1,6}:`,
    ...compressed,
    `:(?::${part}){1,6}`,
    `${part}?::`,
    `(?:0:){6}${mapped}`,
    `::(?:ffff:)?${mapped}`,
    `(?:0:){5}ffff:${mapped}`,
  ]
}

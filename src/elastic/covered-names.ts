import { canonicalAddress } from '../pki/certificate-name.ts'

/** Hosts of URLs that no certificate names, neither exactly nor by a wildcard for its first label. */
export function uncoveredHosts(urls: readonly string[], names: readonly string[]): readonly string[] {
  const known = new Set(names.map((name) => canonicalAddress(name) ?? name.toLowerCase()))
  const hosts = urls.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, ''))
  return [...new Set(hosts)].filter((host) => !isCovered(host, known))
}

function isCovered(host: string, known: ReadonlySet<string>): boolean {
  const address = canonicalAddress(host)
  if (address !== undefined) return known.has(address)
  const name = host.toLowerCase()
  return known.has(name) || known.has(name.replace(/^[^.]+/, '*'))
}

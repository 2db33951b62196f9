import type { Problem } from '../errors.ts'
import {
  canonicalAddress,
  canonicalNames,
  hostNameProblem,
  namesProblems,
  type CertificateNames,
} from '../pki/certificate-name.ts'

/** Under what a node is known, and under what clients are to reach it. */
export interface NodeNaming {
  /**
   * Names and addresses that were chosen for other purposes: inventory_hostname, ansible_host, the host's own names,
   * node.name, http.host. One that is neither host name nor address (a node.name with a blank) is left out.
   */
  readonly knownAs: readonly (string | undefined)[]
  /** `http_names`: each must be a host name; an address among them is taken as one. */
  readonly names: readonly string[]
  /** `http_addresses`: each must be an IP address. */
  readonly addresses: readonly string[]
  /** Whether clients on the node itself use localhost. */
  readonly localhost: boolean
}

export interface SanPlan {
  readonly names: CertificateNames
  readonly leftOut: readonly string[]
  readonly problems: readonly Problem[]
}

/** Every name and address under which clients reach a node: as given, then localhost; without doubles. Pure. */
export function sanPlan(naming: NodeNaming): SanPlan {
  const known = naming.knownAs.map((text) => text?.trim() ?? '').filter((text) => text !== '')
  const leftOut = known.filter((text) => !isReachable(text))
  const all = [...known.filter((text) => !leftOut.includes(text)), ...naming.names.map((text) => text.trim())]
  const names = canonicalNames(
    [...all.filter((text) => canonicalAddress(text) === undefined), ...(naming.localhost ? ['localhost'] : [])],
    [
      ...all.filter((text) => canonicalAddress(text) !== undefined),
      ...naming.addresses.map((text) => text.trim()),
      ...(naming.localhost ? ['127.0.0.1', '::1'] : []),
    ],
  )
  return { names, leftOut, problems: namesProblems(names) }
}

/** Neither `0.0.0.0` nor Elasticsearch's `_site_` is a place that a client can name. */
function isReachable(text: string): boolean {
  const address = canonicalAddress(text)
  if (address !== undefined) return address !== '0.0.0.0' && address !== '::'
  return !/^_.*_$/.test(text) && hostNameProblem(text) === undefined
}

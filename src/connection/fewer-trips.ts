import type { Client, ParsedKey } from 'ssh2'

type Sign = (blob: Buffer, done: (signature: Buffer) => void) => void

/** What is used of ssh2's inside (1.17). Where it is built in another way, a login takes its ordinary course. */
interface Inside {
  readonly _remoteVer?: string
  readonly _protocol?: Partial<Protocol> & { readonly _handlers?: Partial<Handlers> }
}

interface Protocol {
  service(name: string): void
  authPK(user: string, key: ParsedKey, algorithm?: string, sign?: Sign): void
}

interface Handlers {
  SERVICE_ACCEPT(protocol: unknown, name: string): void
  EXT_INFO(protocol: unknown, extensions: unknown): void
  GLOBAL_REQUEST(protocol: unknown, name: string, wantReply: boolean, data: unknown): void
}

/**
 * Takes two round trips from a login, and work from the host, for which ssh2 has no options. To be called between
 * `connect` and the first answer of the host.
 */
export function takeFewerTrips(client: Client): void {
  const inside = client as unknown as Inside
  const protocol = inside._protocol
  const handlers = protocol?._handlers
  if (protocol === undefined || handlers === undefined) return
  signAtOnce(protocol)
  beginWithTheService(inside, protocol, handlers)
  leaveHostKeysUnproved(handlers)
}

/**
 * ssh2 first asks whether a key would do. RFC 4252 (section 7) lets a client sign at once, which costs a signature if
 * it would not; to the host one counts as much as the other. A key of an agent is asked for: its owner may have to touch it.
 */
function signAtOnce(protocol: Partial<Protocol>): void {
  const send = protocol.authPK?.bind(protocol)
  if (send === undefined) return
  protocol.authPK = (user, key, algorithm, given) => {
    if (given !== undefined || !key.isPrivateKey()) {
      send(user, key, algorithm, given)
      return
    }
    send(user, key, algorithm, (blob, done) => {
      const signature: Buffer | Error = key.sign(blob, hashes[algorithm ?? ''])
      // The ordinary course meets the same error, and reports it.
      if (signature instanceof Error) send(user, key, algorithm)
      else done(signature)
    })
  }
}

/** Of the algorithms that are named by more than their key's type (RFC 8332). */
const hashes: Readonly<Record<string, string>> = {
  'ssh-rsa': 'sha1',
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
}

/**
 * The first way to log in is sent right behind the request for the service. OpenSSH takes the one as soon as it has
 * granted the other, and always grants it; of others this is not known. Its EXT_INFO, which says how an RSA key may
 * sign, comes with the end of the key exchange.
 */
function beginWithTheService(inside: Inside, protocol: Partial<Protocol>, handlers: Partial<Handlers>): void {
  const request = protocol.service?.bind(protocol)
  const accept = handlers.SERVICE_ACCEPT
  const extend = handlers.EXT_INFO
  if (request === undefined || accept === undefined || extend === undefined) return
  let requested: string | undefined
  let isBegun = false
  const begin = (name: string) => {
    if (isBegun) return
    isBegun = true
    accept(protocol, name)
  }
  protocol.service = (name) => {
    request(name)
    requested = name
  }
  handlers.EXT_INFO = (from, extensions) => {
    extend(from, extensions)
    if (requested !== undefined && /^OpenSSH_/.test(inside._remoteVer ?? '')) begin(requested)
  }
  handlers.SERVICE_ACCEPT = (_from, name) => begin(name)
}

/** After a login OpenSSH shows all its host keys. ssh2 would have it sign with each, and nobody wants to know. */
function leaveHostKeysUnproved(handlers: Partial<Handlers>): void {
  const take = handlers.GLOBAL_REQUEST
  if (take === undefined) return
  handlers.GLOBAL_REQUEST = (from, name, wantReply, data) => {
    if (name !== 'hostkeys-00@openssh.com' || wantReply) take(from, name, wantReply, data)
  }
}

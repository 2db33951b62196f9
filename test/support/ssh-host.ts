import { timingSafeEqual } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import ssh2, { type AuthContext, type AuthenticationType, type PublicKeyAuthContext } from 'ssh2'
import { HostProcesses } from './host-processes.ts'
import type { SshHostFaults, SshHostOptions, SshHostUser } from './ssh-host-options.ts'
import { newSshKey } from './ssh-key.ts'
import { SshHostSession } from './ssh-host-session.ts'

// A CommonJS package whose named exports Node does not find.
const { Server, utils } = ssh2

export interface SshHost {
  readonly address: string
  readonly port: number
  /** A line for known_hosts. */
  readonly hostKeyLine: string
  readonly faults: SshHostFaults
  /** What clients did, in order: `connect`, `login NAME METHOD ok|refused`, `exec COMMAND`, `tunnel HOST:PORT`. */
  readonly log: readonly string[]
  /** Connections that are open now. */
  readonly connections: number
  /** Ends connections and every process that was started on this host, daemons included. */
  close(): Promise<void>
}

/** An SSH server inside this process; its commands are real ones, run by sh as this or another account. */
export async function startSshHost(options: SshHostOptions): Promise<SshHost> {
  const hostKey = newSshKey()
  const faults = options.faults ?? {}
  const log: string[] = []
  const sockets = new Set<Socket>()
  const processes = new HostProcesses(options)
  const ssh = new Server({ hostKeys: [hostKey.private] }, (client, { port: clientPort }) => {
    let user = ''
    const cut = () => [...sockets].find((socket) => socket.remotePort === clientPort)?.destroySoon()
    client.on('error', () => undefined)
    client.on('authentication', (context) => {
      const isAsked = options.users[context.username]?.keyboardInteractive === true
      const methods: AuthenticationType[] = ['publickey', isAsked ? 'keyboard-interactive' : 'password']
      if (context.method === 'none') {
        context.reject(methods)
        return
      }
      const decide = (accepted: boolean) => {
        log.push(`login ${context.username} ${context.method} ${accepted ? 'ok' : 'refused'}`)
        user = context.username
        if (accepted) context.accept()
        else context.reject(methods)
      }
      if (faults.refuseLogins === true) decide(false)
      else judgeLogin(options.users[context.username], context, decide)
    })
    client.on('ready', () => new SshHostSession(client, { options, user, faults, processes, log, cut }))
  })
  const listener = createServer({ noDelay: true }, (socket) => {
    log.push('connect')
    socket.on('error', () => undefined)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if ((faults.dropConnections ?? 0) > 0) {
      faults.dropConnections = (faults.dropConnections ?? 0) - 1
      socket.destroy()
    } else if (faults.silent !== true) ssh.injectSocket(socket)
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(options.port ?? 0, options.address ?? '127.0.0.1', resolve)
  })
  const { address, port } = listener.address() as AddressInfo
  return {
    address,
    port,
    hostKeyLine: `[${address}]:${String(port)} ${hostKey.public.trim()}\n`,
    faults,
    log,
    get connections() {
      return sockets.size
    },
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve))
      for (const socket of sockets) socket.destroy()
      await processes.endAll()
      await closed
    },
  }
}

function judgeLogin(user: SshHostUser | undefined, context: AuthContext, decide: (accepted: boolean) => void): void {
  if (user === undefined) decide(false)
  else if (context.method === 'publickey') judgeKey(user, context, decide)
  else if (context.method === 'password') {
    decide(user.keyboardInteractive !== true && isPassword(user, context.password))
  } else if (context.method === 'keyboard-interactive' && user.keyboardInteractive === true) {
    context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => decide(isPassword(user, answers[0])))
  } else decide(false)
}

/** A client first asks whether a key would do, without a signature; that is no login yet. */
function judgeKey(user: SshHostUser, context: PublicKeyAuthContext, decide: (accepted: boolean) => void): void {
  const key = user.publicKey === undefined ? undefined : utils.parseKey(user.publicKey)
  const isOurs = key !== undefined && !(key instanceof Error) && key.getPublicSSH().equals(context.key.data)
  if (!isOurs) decide(false)
  else if (context.signature === undefined) context.accept()
  else decide(key.verify(context.blob ?? '', context.signature, context.hashAlgo))
}

function isPassword(user: SshHostUser, given: string | undefined): boolean {
  const [right, offered] = [Buffer.from(user.password ?? ''), Buffer.from(given ?? '')]
  return user.password !== undefined && right.length === offered.length && timingSafeEqual(right, offered)
}

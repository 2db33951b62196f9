import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { connect, createSecureContext, TLSSocket, type SecureContext } from 'node:tls'
import { startSshHost, type SshHost } from '../../support/ssh-host.ts'
import type { SshHostFaults } from '../../support/ssh-host-options.ts'
import { p12Password, type RollCertificates } from './certificates.ts'
import { sudoScript, systemctlFunctions } from './host-commands.ts'

/** What goes wrong with a node that meets the new certificate. With the old one it starts. */
export type NodeFault = 'refuses' | 'hangs' | 'dies' | 'keeps-old' | 'never-settles'

/** What of a node must not change where a roll has not come to. */
export interface NodePicture {
  /** Name, mode, time and digest of every file of the configuration. */
  readonly files: readonly string[]
  readonly starts: number
}

const long = new Date('2026-01-01T00:00:00Z')
const refusing = 9

/**
 * A host with a node: a real SSH server, a real sh behind a sudo of its own, which knows systemctl as a function; and a
 * TLS server in this process that shows the certificate with which the node was last started, as long as it runs.
 */
export class RollNode {
  readonly name: string
  readonly home: string
  readonly #certificates: RollCertificates
  readonly #faults: SshHostFaults = {}
  #ssh: SshHost | undefined
  #tls: Server | undefined

  constructor(name: string, home: string, certificates: RollCertificates) {
    this.name = name
    this.home = home
    this.#certificates = certificates
  }

  get ssh(): SshHost {
    if (this.#ssh === undefined) throw new Error(`${this.name} is not started`)
    return this.#ssh
  }

  path(name: string): string {
    return join(this.home, name)
  }

  async start(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<void> {
    const tls = await startTls(() => this.#context(), answer)
    const { port } = tls.address() as AddressInfo
    this.#tls = tls
    mkdirSync(this.home, { recursive: true })
    this.#ssh = await startSshHost({
      home: this.home,
      users: { ops: { password: 'login' } },
      faults: this.#faults,
      // A node that does not run has a port that refuses.
      reach: () => ({ host: '127.0.0.1', port: this.isRunning ? port : refusing }),
    })
  }

  async close(): Promise<void> {
    await this.#ssh?.close()
    this.#tls?.close()
  }

  /** As it is before a roll: it runs, has run for long, and nothing is wrong with it. */
  reset(): void {
    for (const name of readdirSync(this.home)) rmSync(this.path(name), { recursive: true })
    for (const name of ['config', 'run', 'logs', 'faults']) mkdirSync(this.path(name))
    const { before } = this.#certificates
    this.#write('config/http.p12', before.p12, 0o640)
    this.#write('config/elasticsearch.yml', `node.name: ${this.name}\n`, 0o660)
    this.#write('given.p12', before.p12, 0o600)
    this.#write('run/loaded.p12', before.p12, 0o600)
    this.#write('run/active', 'Thu 2026-01-01 00:00:00 UTC\n', 0o600)
    this.#write('run/starts', '', 0o600)
    this.#write('sudo', sudoScript(this.home), 0o755)
    this.#write('systemctl.sh', systemctlFunctions(this.home), 0o644)
    utimesSync(this.path('config'), long, long)
    delete this.#faults.cutAtInput
  }

  arm(fault: NodeFault): object {
    writeFileSync(this.path(`faults/${fault}`), '')
    return {}
  }

  has(fault: NodeFault): boolean {
    return existsSync(this.path(`faults/${fault}`))
  }

  get isRunning(): boolean {
    return existsSync(this.path('run/active'))
  }

  /** It runs with the new certificate. */
  get isNew(): boolean {
    return this.isRunning && readFileSync(this.path('run/loaded.p12')).equals(this.#certificates.after.p12)
  }

  cutConnectionInTheMiddleOfNewFile(): object {
    const { p12 } = this.#certificates.after
    this.#faults.cutAtInput = p12.subarray(p12.length / 2, p12.length / 2 + 64)
    return {}
  }

  picture(): NodePicture {
    const files = readdirSync(this.path('config')).sort()
    return {
      files: files.map((name) => {
        const file = this.path(`config/${name}`)
        const { mode, mtimeMs } = statSync(file)
        const digest = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16)
        return `${name} ${(mode & 0o7777).toString(8)} ${new Date(mtimeMs).toISOString()} ${digest}`
      }),
      starts: statSync(this.path('run/starts')).size,
    }
  }

  /** `old`, `new` or `none`: what a client that connects now is shown. */
  async serves(): Promise<'old' | 'new' | 'none'> {
    if (!this.isRunning) return 'none'
    const serial = await servedSerial((this.#tls?.address() as AddressInfo).port, this.#certificates.caPem)
    return serial === this.#certificates.after.serial ? 'new' : 'old'
  }

  #write(name: string, content: Buffer | string, mode: number): void {
    writeFileSync(this.path(name), content)
    chmodSync(this.path(name), mode)
    utimesSync(this.path(name), long, long)
  }

  #context(): SecureContext {
    const loaded = readFileSync(this.path('run/loaded.p12'))
    const key = createHash('sha256').update(loaded).digest('hex')
    const context = contexts.get(key) ?? createSecureContext({ pfx: loaded, passphrase: p12Password })
    contexts.set(key, context)
    return context
  }
}

const contexts = new Map<string, SecureContext>()

/** The account of the tests and its group: what a file of a node belongs to. */
export const account = { user: userInfo().username, group: execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim() }

async function startTls(
  context: () => SecureContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const http = createHttpServer(answer)
  const listener = createServer((socket) => {
    const secure = new TLSSocket(socket, { isServer: true, secureContext: context() })
    for (const stream of [socket, secure]) stream.on('error', () => undefined)
    http.emit('connection', secure)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  return listener
}

function servedSerial(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca }, () => {
      resolve(socket.getPeerCertificate().serialNumber.toLowerCase().replace(/^0+/, ''))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

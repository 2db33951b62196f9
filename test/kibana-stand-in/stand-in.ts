import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { issueAuthority, issueLeaf, type Authority, type Identity } from '../../src/pki/issue.ts'
import { keyToPem } from '../../src/pki/pem.ts'

const sources = join(import.meta.dirname, '../lab/kibana')
const isRoot = process.getuid?.() === 0

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The stand-in in a temporary folder: an archive installation. */
export class KibanaHome {
  readonly home = mkdtempSync(join(tmpdir(), 'elkseal-kibana-'))
  readonly config = join(this.home, 'config')
  output = ''
  #server: ChildProcess | undefined

  constructor(version = '9.5.0') {
    for (const name of ['config', 'bin', 'node/bin']) mkdirSync(join(this.home, name), { recursive: true })
    symlinkSync(sources, join(this.home, 'src'))
    symlinkSync(process.execPath, join(this.home, 'node/bin/node'))
    writeFileSync(join(this.home, 'package.json'), JSON.stringify({ name: 'kibana', version }))
    for (const name of ['kibana', 'kibana-keystore']) {
      const script = `#!/bin/sh\nKBN_HOME='${this.home}' exec '${process.execPath}' '${join(sources, `${name}.ts`)}' "$@"\n`
      writeFileSync(join(this.home, 'bin', name), script, { mode: 0o755 })
    }
  }

  path(name: string): string {
    return join(this.config, name)
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text)
    return this.path(name)
  }

  keystore(words: readonly string[], stdin = '', environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.#command('kibana-keystore', words, { stdin, environment })
  }

  /** For a start that ends by itself. */
  run(words: readonly string[] = allowRoot()): Promise<Ended> {
    return this.#command('kibana', words, { stdin: '', environment: {} })
  }

  start(): void {
    const server = spawn(join(this.home, 'bin/kibana'), allowRoot(), {
      cwd: this.home,
      stdio: 'pipe',
      env: environment(),
    })
    for (const stream of [server.stdout, server.stderr]) {
      stream.on('data', (part: Buffer) => {
        this.output += part.toString()
      })
    }
    this.#server = server
  }

  /** Waits for a text in what the server printed. */
  async printed(text: string): Promise<void> {
    for (let tries = 0; !this.output.includes(text); tries++) {
      if (tries > 300) throw new Error(`"${text}" was not printed, but:\n${this.output}`)
      await pause(50)
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#server?.kill(name)
  }

  ended(): Promise<number> {
    const server = this.#server
    if (server === undefined || server.exitCode !== null) return Promise.resolve(server?.exitCode ?? 0)
    return new Promise((resolve) => server.once('exit', (code) => resolve(code ?? -1)))
  }

  async remove(): Promise<void> {
    this.#server?.kill('SIGKILL')
    if (this.#server?.exitCode === null && this.#server.signalCode === null) await this.ended()
    rmSync(this.home, { recursive: true, force: true })
  }

  #command(
    name: string,
    words: readonly string[],
    { stdin, environment: more }: { stdin: string; environment: NodeJS.ProcessEnv },
  ): Promise<Ended> {
    return new Promise((resolve) => {
      const child = execFile(
        join(this.home, 'bin', name),
        [...words],
        { cwd: this.home, env: { ...environment(), ...more } },
        (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      )
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(stdin)
    })
  }
}

/** Nothing of the developer's own environment. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C' }
}

function allowRoot(): string[] {
  return isRoot ? ['--allow-root'] : []
}

export async function freePort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** As much of Elasticsearch as Kibana asks for, by https on loopback. */
export class FakeElasticsearch {
  readonly authority: Authority
  readonly leaf: Identity
  readonly #server: Server
  readonly roles = new Map<string, unknown>()
  port = 0
  version = '9.5.0'

  private constructor(authority: Authority, leaf: Identity) {
    this.authority = authority
    this.leaf = leaf
    this.#server = createServer({ cert: leaf.certificate.toString(), key: keyToPem(leaf.key) }, (request, response) => {
      let body = ''
      request.on('data', (part: Buffer) => (body += part.toString()))
      request.on('end', () => {
        const { status, json } = this.#answer(request.method ?? '', request.url ?? '', {
          body,
          login: request.headers.authorization,
        })
        response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
        response.end(JSON.stringify(json))
      })
    })
  }

  static async start(): Promise<FakeElasticsearch> {
    const now = new Date()
    const authority = await issueAuthority({ commonName: 'Test CA', days: 10, keyBits: 2048, now })
    const names = { dns: ['localhost'], addresses: ['127.0.0.1'] }
    const leaf = await issueLeaf(
      { commonName: 'es1', names, days: 5, keyBits: 2048, usages: ['server'], now },
      authority,
    )
    const fake = new FakeElasticsearch(authority, leaf)
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve))
    fake.port = (fake.#server.address() as AddressInfo).port
    return fake
  }

  get url(): string {
    return `https://localhost:${this.port}`
  }

  get ca(): string {
    return this.authority.certificate.toString()
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #answer(method: string, url: string, { body, login }: { body: string; login: string | undefined }): Reply {
    const user = Buffer.from((login ?? '').replace('Basic ', ''), 'base64').toString()
    if (!['kibana_system:right', 'elastic:right'].includes(user)) {
      const reason = `unable to authenticate user [${user.split(':')[0] ?? ''}] for REST request [${url}]`
      const error = { root_cause: [{ type: 'security_exception', reason }], type: 'security_exception', reason }
      return { status: 401, json: { error, status: 401 } }
    }
    if (url.startsWith('/_nodes')) {
      const http = { publish_address: `127.0.0.1:${this.port}` }
      return { status: 200, json: { nodes: { a: { ip: '127.0.0.1', version: this.version, http } } } }
    }
    if (url === '/_security/_authenticate') return { status: 200, json: { username: user, roles: ['superuser'] } }
    const role = /^\/_security\/role\/(.*)$/.exec(url)?.[1]
    if (role === undefined) return { status: 404, json: {} }
    if (method === 'PUT') this.roles.set(role, JSON.parse(body))
    const found = this.roles.get(role)
    return found === undefined ? { status: 404, json: {} } : { status: 200, json: { [role]: found } }
  }
}

interface Reply {
  readonly status: number
  readonly json: unknown
}

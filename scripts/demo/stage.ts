import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import ssh2 from 'ssh2'
import { startSshHost, type SshHost } from '../../test/support/ssh-host.ts'
import { giveTo, type DemoAccount } from './account.ts'
import { startNodes, waitUntilGreen } from './cluster.ts'
import { writeInventory } from './inventory.ts'
import { createKeystores, installNode, type DemoNode } from './node.ts'
import { freePorts } from './ports.ts'
import { endProcessesOf, processesOf } from './processes.ts'
import type { Product } from './product.ts'
import { transportCertificate } from './transport-certificate.ts'

/** Three hosts inside this process, each with a node of one cluster: minimal security, transport TLS, plain http. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'elkseal-demo-'))
  /** Of the user elastic. */
  readonly password = randomBytes(12).toString('hex')
  readonly account: DemoAccount
  readonly nodes: DemoNode[] = []
  readonly #hosts = new Map<DemoNode, SshHost>()
  #isClosed = false

  constructor(account: DemoAccount) {
    this.account = account
    chmodSync(this.folder, 0o755)
  }

  /** Returns the path of an inventory of the hosts. */
  async start(product: Product, tick: (text: string) => void): Promise<string> {
    tick('installing')
    const environment = product.jdk === undefined ? {} : { ES_JAVA_HOME: product.jdk }
    await this.#install(product)
    await this.#openHosts(environment)
    if (this.#isClosed) throw new Error('The demo was ended')
    startNodes(this.nodes, this.account, environment)
    await waitUntilGreen(this.nodes, this.password, tick)
    return writeInventory(this.folder, this.#hosts, this.password)
  }

  /** Changes when a file of a node's configuration changes, or a node is another process. */
  async state(): Promise<string> {
    for (let state = this.#stateNow(), tries = 0; ; tries += 1) {
      await pause(200)
      const next = this.#stateNow()
      if (next === state || tries >= 25) return next
      state = next
    }
  }

  /** Looks that elkseal has no more use for may still be at their end when it is gone: they are given a while. */
  async isStill(state: string): Promise<boolean> {
    for (let tries = 0; this.#stateNow() !== state; tries += 1) {
      if (tries >= 50) return false
      await pause(200)
    }
    return true
  }

  #stateNow(): string {
    const hash = createHash('sha256')
    for (const node of this.nodes) {
      const config = join(node.home, 'config')
      for (const entry of readdirSync(config, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) hash.update(entry.name).update(readFileSync(join(entry.parentPath, entry.name)))
      }
      hash.update(processesOf(node.home).join(' '))
    }
    return hash.digest('hex')
  }

  /** Ends every process on the hosts and removes the folder. */
  async close(): Promise<void> {
    this.#isClosed = true
    await endProcessesOf(this.folder)
    await Promise.all([...this.#hosts.values()].map((host) => host.close()))
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  async #install(product: Product): Promise<void> {
    if (product.standInBecause !== undefined && this.#isRoot) giveTo(this.account, join(product.home, '../cluster'))
    const ports = await freePorts(6)
    for (const [index, name] of ['es1', 'es2', 'es3'].entries()) {
      const [httpPort = 0, transportPort = 0] = [ports[index], ports[index + 3]]
      const [home, backup] = [join(this.folder, name), join(this.folder, `${name}-backup`)]
      this.nodes.push({ name, home, backup, httpPort, transportPort })
    }
    const transportPassword = randomBytes(12).toString('hex')
    const transport = await transportCertificate(transportPassword)
    for (const node of this.nodes) {
      installNode(node, { distribution: product, account: this.account, nodes: this.nodes, transport })
    }
    createKeystores(this.nodes, this.account, {
      'bootstrap.password': this.password,
      'xpack.security.transport.ssl.keystore.secure_password': transportPassword,
    })
  }

  async #openHosts(environment: Readonly<Record<string, string>>): Promise<void> {
    const key = ssh2.utils.generateKeyPairSync('ed25519')
    writeFileSync(join(this.folder, 'id_demo'), key.private, { mode: 0o600 })
    for (const node of this.nodes) {
      const host = await startSshHost({
        users: { demo: { publicKey: key.public } },
        home: node.home,
        environment,
        ...(this.#isRoot ? { uid: this.account.uid, gid: this.account.gid } : {}),
      })
      this.#hosts.set(node, host)
      mkdirSync(node.backup, { mode: 0o700 })
      if (this.#isRoot) giveTo(this.account, node.backup)
    }
  }

  get #isRoot(): boolean {
    return process.getuid?.() === 0
  }
}

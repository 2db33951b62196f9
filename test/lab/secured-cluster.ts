import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serialNumber } from '../../src/pki/certificate-fields.ts'
import { elkseal, type ElksealRun } from './elkseal.ts'
import { createLab, type Lab } from './lab.ts'
import { defaultPlan, type LabHost, type LabPlan } from './lab-state.ts'
import type { RestRequest } from './rest.ts'
import { startElkseal, type StartedRun } from './started-run.ts'

const playbooks = join(import.meta.dirname, '../../playbooks')

export const vaultPassword = 'vault password of the lab'

/** A lab that elkseal has secured, and the folder of the user who did: an inventory, its store, the vault's password. */
export class SecuredCluster {
  readonly lab: Lab
  readonly #plan: LabPlan
  #folder = ''
  #inventory = ''

  constructor(name: string, plan: LabPlan = { ...defaultPlan, kibana: false, metricbeat: false }) {
    this.lab = createLab({ name })
    this.#plan = plan
  }

  async up(): Promise<void> {
    await this.lab.down()
    await this.lab.up(this.#plan)
    await this.lab.startElasticsearch()
    await this.lab.startClients()
    this.#folder = await mkdtemp(join(tmpdir(), `elkseal-${this.lab.name}-`))
    this.#inventory = await this.lab.writeInventory(this.path('inventory'), { login: 'ops' })
    await writeFile(this.path('vault-password'), `${vaultPassword}\n`, { mode: 0o600 })
    const secured = await this.run('secure-http.yml')
    assert.equal(secured.exitCode, 0, secured.text)
  }

  async down(): Promise<void> {
    if (process.env['ELKSEAL_LAB_KEEP'] !== '1') await this.lab.down()
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true })
  }

  /** A shipped playbook. */
  run(playbook: string, ...words: readonly string[]): Promise<ElksealRun> {
    return this.elkseal('run', join(playbooks, playbook), ...words)
  }

  /** The same, to look at and to signal while it runs. */
  start(playbook: string, ...words: readonly string[]): StartedRun {
    return startElkseal(this.lab, this.#words('run', join(playbooks, playbook), ...words), { cwd: this.#folder })
  }

  elkseal(...words: readonly string[]): Promise<ElksealRun> {
    return elkseal(this.lab, this.#words(...words), { cwd: this.#folder })
  }

  #words(...words: readonly string[]): readonly string[] {
    return [...words, '-i', this.#inventory, '--vault-password-file', this.path('vault-password')]
  }

  path(...parts: readonly string[]): string {
    return join(this.#folder, ...parts)
  }

  /** In the store of the certificates. */
  pki(...parts: readonly string[]): string {
    return this.path('inventory/pki', ...parts)
  }

  /** What clients trust. */
  get caFile(): string {
    return this.pki('elasticsearch-ca.pem')
  }

  get nodes(): readonly LabHost[] {
    return this.lab.hosts('elasticsearch')
  }

  get names(): readonly string[] {
    return this.nodes.map((node) => node.name)
  }

  /** What a command prints on each node, as root. */
  onNodes(...words: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return this.#byNode((node) => this.lab.run(node.name, words))
  }

  processes(): Promise<Readonly<Record<string, string>>> {
    return this.onNodes('systemctl', 'show', '--property=MainPID', '--value', 'elasticsearch')
  }

  /** Serial numbers of the certificates by https that openssl was shown and has verified. */
  served(): Promise<Readonly<Record<string, string>>> {
    return this.#byNode(async ({ address }) => {
      const verify = ['-verify_return_error', '-verify_ip', address, '-CAfile', this.caFile]
      const words = ['openssl', 's_client', '-connect', `${address}:9200`, ...verify]
      const { stdout, stderr } = await this.lab.exec(words)
      assert.match(stdout, /Verification: OK/, stderr)
      return serialNumber(shownCertificate(stdout))
    })
  }

  /** Asks the first node by https, as the user elastic; 404 is an answer where something is to go. */
  async ask(path: string, more: Pick<RestRequest, 'method' | 'body'> = {}): Promise<unknown> {
    const url = `https://${this.nodes[0]!.address}:9200${path}`
    const { elastic: password } = this.lab.state().passwords
    const { status, body, problem } = await this.lab.ask({ url, user: 'elastic', password, ca: this.caFile, ...more })
    const isGone = more.method === 'DELETE' && status === 404
    assert.ok((status >= 200 && status < 300) || isGone, `${path}: ${status} ${body} ${problem}`)
    return JSON.parse(body)
  }

  async #byNode<Found>(look: (node: LabHost) => Promise<Found>): Promise<Readonly<Record<string, Found>>> {
    return Object.fromEntries(await Promise.all(this.nodes.map(async (node) => [node.name, await look(node)] as const)))
  }
}

/** In what `openssl s_client` prints. */
export function shownCertificate(printed: string): X509Certificate {
  const [pem] = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/.exec(printed) ?? []
  assert.ok(pem !== undefined, printed)
  return new X509Certificate(pem)
}

/** The figures, for whoever runs this to know them. */
export function tell(figures: unknown): void {
  process.stdout.write(`      ${JSON.stringify(figures)}\n`)
}

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueAuthority } from '../../src/pki/issue.ts'
import { keyToPem } from '../../src/pki/pem.ts'
import { inSteps } from '../support/in-steps.ts'
import { testLeaf } from '../support/test-ca.ts'
import { elkseal } from './elkseal.ts'
import { createLab } from './lab.ts'
import { defaultPlan } from './lab-state.ts'
import { rootOf } from './machine.ts'
import { needsLab } from './prerequisites.ts'

const playbook = join(import.meta.dirname, '../../playbooks/renew-kibana.yml')
const pair = '/etc/kibana/kibana.crt /etc/kibana/kibana.key'

describe('the certificate of a Kibana that systemd runs (a stand-in)', function () {
  this.timeout('10m')
  inSteps(this)

  const lab = createLab({ name: 'kibana' })
  let folder = ''
  let inventory = ''
  const kibana = () => lab.hosts('kibana')[0]?.name ?? ''
  const sh = (script: string) => lab.run(kibana(), ['sh', '-c', script])

  before(async function () {
    await needsLab(this)
    await lab.down()
    await lab.up({ ...defaultPlan, nodes: 1, metricbeat: false })
    await lab.startElasticsearch()
    await lab.startClients()
    folder = await mkdtemp(join(tmpdir(), 'elkseal-kibana-'))
    const variables = { kibana_server_certificate: true }
    inventory = await lab.writeInventory(join(folder, 'inventory'), { login: 'ops', variables })
    await serveHttps()
  })

  after(async () => {
    if (process.env['ELKSEAL_LAB_KEEP'] !== '1') await lab.down()
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  /** With a certificate that ends soon, of the CA in the store. */
  async function serveHttps(): Promise<void> {
    const authority = await issueAuthority({ commonName: 'Test CA', days: 10, keyBits: 2048, now: new Date() })
    const store = join(folder, 'inventory/pki')
    await mkdir(join(store, 'ca'), { recursive: true })
    await writeFile(join(store, 'ca/http-ca.crt'), authority.certificate.toString())
    await writeFile(join(store, 'ca/http-ca.key'), keyToPem(authority.key), { mode: 0o600 })
    await writeFile(join(store, 'elasticsearch-ca.pem'), authority.certificate.toString())
    const now = new Date(Date.now() - 2.9 * 86_400_000)
    const { certificate, key } = await testLeaf({ now, days: 3 }, authority)
    const host = lab.hosts('kibana')[0]
    assert.ok(host)
    await writeFile(join(rootOf(host), 'etc/kibana/kibana.crt'), certificate.toString())
    await writeFile(join(rootOf(host), 'etc/kibana/kibana.key'), keyToPem(key), { mode: 0o600 })
    const lines = ['enabled: true', 'certificate: /etc/kibana/kibana.crt', 'key: /etc/kibana/kibana.key']
    const append = lines.map((line) => `echo 'server.ssl.${line}' >> /etc/kibana/kibana.yml`).join('; ')
    await sh(`${append}; chown kibana:kibana ${pair}; chmod 0600 /etc/kibana/kibana.key; systemctl restart kibana`)
    await sh(
      `for i in $(seq 60); do journalctl -u kibana -o cat | grep -c 'Kibana is now available' | grep -qx 2 && exit; sleep 1; done; exit 1`,
    )
  }

  const pid = () => sh('systemctl show -p MainPID --value kibana')
  const sums = () => sh(`sha256sum ${pair}`)
  const renew = (...more: readonly string[]) =>
    elkseal(lab, ['run', playbook, '-i', inventory, ...more], { cwd: folder })

  it('is renewed with no restart, in files that stay those of Kibana', async () => {
    const [process, before] = [await pid(), await sums()]
    const certs = await elkseal(lab, ['certs', '-i', inventory], { cwd: folder })
    const status = certs.events.find(({ event }) => event === 'kibana_certificate')
    assert.match(JSON.stringify(status), /"action":"issue","due":true/)
    const owners = () => sh(`stat -c '%U:%G %a' ${pair}`)
    const owned = await owners()
    const run = await renew()
    assert.equal(run.exitCode, 0, run.text)
    assert.notEqual(await sums(), before)
    assert.equal(await owners(), owned)
    assert.equal(await pid(), process)
    assert.match(await sh('journalctl -u kibana -o cat'), /TLS configuration change detected/)
    const after = await sums()
    assert.equal((await renew()).exitCode, 0)
    assert.equal(await sums(), after)
  })

  it('is left alone when kibana.yml changed after the start: the signal would have Kibana read that too', async () => {
    const [process, before] = [await pid(), await sums()]
    await sh(`echo 'nonsense: true' >> /etc/kibana/kibana.yml`)
    const run = await renew('-e', 'renew=force')
    assert.equal(run.exitCode, 2, run.text)
    assert.match(run.text, /kibana\.yml changed after Kibana's start/)
    assert.deepEqual([await pid(), await sums()], [process, before])
  })
})

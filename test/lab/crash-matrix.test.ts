import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { journalRecords } from '../../src/engine/journal/read.ts'
import type { JournalRecord } from '../../src/engine/journal/record.ts'
import { inSteps } from '../support/in-steps.ts'
import { elkseal, type ElksealRun } from './elkseal.ts'
import { createLab } from './lab.ts'
import { defaultPlan } from './lab-state.ts'
import { until } from './machine.ts'
import { needsLab } from './prerequisites.ts'

const root = join(import.meta.dirname, '../..')
const dying = join(root, 'test/support/die-at-record.ts')

/** CI takes each fourth record here, for the time that it has; test/engine/crash-matrix.test.ts always takes all. */
const every = Number(process.env['ELKSEAL_LAB_CRASH_EVERY'] ?? 1)

// elkseal is killed behind every record of its journal, one after the other, in the middle of a renewal of three nodes.
// Each time the run is rolled back once, and once resumed and then rolled back. A watcher that looks every second, not
// every five, is all that is unlike a cluster as Elastic ships it.
describe('a renewal that is killed behind every record of its journal', function () {
  this.timeout('60m')
  inSteps(this)

  const lab = createLab({ name: 'crash' })
  let folder = ''
  let inventory = ''
  const state = { before: {}, after: {}, processes: {} }

  before(async function () {
    await needsLab(this)
    await lab.down()
    await lab.up({ ...defaultPlan, kibana: false, metricbeat: false })
    for (const name of names()) {
      const line = 'resource.reload.interval.high: 1s'
      await lab.run(name, ['sh', '-c', `echo '${line}' >> /etc/elasticsearch/elasticsearch.yml`])
    }
    await lab.startElasticsearch()
    folder = await mkdtemp(join(tmpdir(), 'elkseal-crash-'))
    inventory = await lab.writeInventory(join(folder, 'inventory'), { login: 'ops' })
    await writeFile(join(folder, 'vault-password'), 'vault password of the lab\n', { mode: 0o600 })
    const secured = await run('run', join(root, 'playbooks/secure-http.yml'), '-e', 'http_certificate_days=20')
    assert.equal(secured.exitCode, 0, secured.text)
    state.before = await picture()
    state.processes = await processes()
  })

  after(async () => {
    if (process.env['ELKSEAL_LAB_KEEP'] !== '1') await lab.down()
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  const common = () => ['-i', inventory, '--vault-password-file', join(folder, 'vault-password')]
  const run = (...words: readonly string[]): Promise<ElksealRun> =>
    elkseal(lab, [...words, ...common()], { cwd: folder })
  // The certificates are of 20 days: due now, and not when they are renewed.
  const due = ['-e', 'http_renew_before_days=30']
  const renewal = ['run', join(root, 'playbooks/renew.yml'), ...due]

  const names = (): readonly string[] => lab.hosts('elasticsearch').map((node) => node.name)
  const onNodes = async (script: string): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      await Promise.all(names().map(async (name) => [name, await lab.run(name, ['sh', '-c', script])] as const)),
    )
  const processes = () => onNodes('systemctl show --property=MainPID --value elasticsearch')

  /** All of the configuration and of the store: content, owner, mode, time. */
  const picture = async (): Promise<object> => ({
    nodes: await onNodes(
      `cd /etc/elasticsearch; find . -type f -exec sha256sum {} + | sort -k 2; find . -type f -printf '%p %u:%g %m %T@\\n' | sort`,
    ),
    store: await storeFiles(),
  })

  const storeFiles = async (): Promise<readonly (readonly unknown[])[]> => {
    const pki = join(folder, 'inventory/pki')
    const entries = await readdir(pki, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    return Promise.all(
      files.sort().map(async (file) => {
        const { mode, uid, mtimeMs } = await stat(file)
        return [file, mode, uid, mtimeMs, await readFile(file, 'utf8')] as const
      }),
    )
  }

  /** The same without what is new in each renewal: certificates with their keys, and times. */
  const normalised = async (): Promise<object> => ({
    nodes: await onNodes(
      `cd /etc/elasticsearch; find . -type f ! -name http.p12 -exec sha256sum {} + | sort -k 2; find . -type f -printf '%p %u:%g %m\\n' | sort`,
    ),
    store: (await storeFiles()).map(([file, mode, uid, , content]) => [
      file,
      mode,
      uid,
      /http\.(crt|p12)$/.test(String(file)) ? '' : content,
    ]),
  })

  const servesItsFile = async (): Promise<void> => {
    const isSo = async () => {
      const { events } = await run('certs')
      const shown = events.filter((event) => event.event === 'certificate') as unknown as readonly Shown[]
      return (
        shown.length === 3 &&
        shown.every(({ store, file, served }) => file.serial === served.serial && store.serial === file.serial)
      )
    }
    await until(isSo, 'every node to serve what is in its file and in the store')
  }

  const killed = async (k: number): Promise<void> => {
    const words = [process.execPath, '--import', dying, join(root, 'bin/elkseal.js'), ...renewal, ...common()]
    const { exitCode, stdout } = await lab.exec(words, { cwd: folder, env: { ELKSEAL_DIE: `behind ${String(k)}` } })
    assert.notEqual(exitCode, 0, stdout)
    assert.equal((await latestRecords()).length, k, stdout)
  }

  const latestRecords = async (): Promise<readonly JournalRecord[]> => {
    const runs = join(folder, 'inventory/.elkseal/runs')
    const latest = (await readdir(runs)).sort().at(-1) ?? ''
    return journalRecords(await readFile(join(runs, latest, 'journal.jsonl'), 'utf8'))
  }

  const rollsBack = async (where: string): Promise<void> => {
    const changed = (await latestRecords()).some(({ record }) => record === 'intent')
    const id = (await latestRecords()).find((record) => record.record === 'run')?.id ?? ''
    const undone = await run('rollback', id)
    assert.equal(undone.exitCode, changed ? 0 : 1, `${where}: ${undone.text}`)
    // The gates of the run were open before, and have been asked after each node.
    assert.doesNotMatch(undone.text, /not whole/, where)
    assert.deepEqual(await picture(), state.before, where)
  }

  let kinds: readonly string[] = []

  it('has an undisturbed course to compare with, and can be undone as a whole', async () => {
    const renewed = await run(...renewal)
    assert.equal(renewed.exitCode, 0, renewed.text)
    kinds = (await latestRecords()).map(({ record }) => record)
    state.after = await normalised()
    assert.notDeepEqual(await picture(), state.before)
    await rollsBack('undisturbed')
    await servesItsFile()
  })

  it('rolled back, is as before at once, each time', async () => {
    for (let k = 1; k <= kinds.length; k += every) {
      const started = Date.now()
      const where = `killed behind record ${k} of ${kinds.length}, ${kinds[k - 1]}`
      await killed(k)
      await rollsBack(where)
      tell(`${where}: rolled back, ${((Date.now() - started) / 1000).toFixed(1)} s`)
    }
    assert.deepEqual(await processes(), state.processes)
    await servesItsFile()
  })

  it('resumed, ends as an undisturbed one, each time', async () => {
    for (let k = 1; k < kinds.length; k += every) {
      const started = Date.now()
      const where = `killed behind record ${k} of ${kinds.length}, ${kinds[k - 1]}`
      await killed(k)
      const resumed = await run('resume', ...due)
      assert.equal(resumed.exitCode, 0, `${where}: ${resumed.text}`)
      assert.deepEqual(await normalised(), state.after, where)
      await rollsBack(`${where}, resumed`)
      tell(`${where}: resumed and rolled back, ${((Date.now() - started) / 1000).toFixed(1)} s`)
    }
    assert.deepEqual(await processes(), state.processes)
    await servesItsFile()
  })
})

interface Shown {
  readonly store: { readonly serial?: string }
  readonly file: { readonly serial?: string }
  readonly served: { readonly serial?: string }
}

function tell(text: string): void {
  process.stdout.write(`      ${text}\n`)
}

import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inSteps } from '../support/in-steps.ts'
import { changesOf, elkseal, type ElksealRun } from './elkseal.ts'
import { createLab } from './lab.ts'
import { defaultPlan } from './lab-state.ts'
import { needsLab } from './prerequisites.ts'

const playbooks = join(import.meta.dirname, '../../playbooks')
const settings = '/etc/elasticsearch/elasticsearch.yml'

describe('planning, and applying what was planned', function () {
  this.timeout('15m')
  inSteps(this)

  const lab = createLab({ name: 'plan' })
  let folder = ''
  let inventory = ''

  before(async function () {
    await needsLab(this)
    await lab.down()
    await lab.up({ ...defaultPlan, kibana: false, metricbeat: false })
    await lab.startElasticsearch()
    folder = await mkdtemp(join(tmpdir(), 'elkseal-plan-'))
    inventory = await lab.writeInventory(join(folder, 'inventory'), { login: 'ops' })
    // A plan is of files that nobody edits meanwhile.
    await cp(playbooks, join(folder, 'playbooks'), { recursive: true })
    await writeFile(join(folder, 'vault-password'), 'vault password of the lab\n', { mode: 0o600 })
  })

  after(async () => {
    if (process.env['ELKSEAL_LAB_KEEP'] !== '1') await lab.down()
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  const run = (...words: readonly string[]): Promise<ElksealRun> =>
    elkseal(lab, [...words, '--vault-password-file', join(folder, 'vault-password')], { cwd: folder })

  const plan = (playbook: string, ...more: readonly string[]): Promise<ElksealRun> =>
    run('run', join('playbooks', playbook), '-i', inventory, '--plan-out', 'plan.json', ...more)

  const names = (): readonly string[] => lab.hosts('elasticsearch').map((node) => node.name)

  /** Every file of the configuration with its times, and the process. */
  const states = (): Promise<readonly string[]> => {
    const look = `cd /etc/elasticsearch && find . -type f -exec stat -c '%n %U:%G %a %Y %Z %s' {} + | sort`
    const pid = 'systemctl show --property=MainPID --value elasticsearch'
    return Promise.all(names().map((name) => lab.run(name, ['sh', '-c', `${look}; ${pid}`])))
  }

  const problems = ({ events }: ElksealRun): readonly (string | undefined)[] =>
    events.filter((event) => event.event === 'problem').map((event) => event.message)

  it('names the byte that was changed on one node, and changes nothing on any', async () => {
    const planned = await plan('secure-http.yml')
    assert.equal(planned.exitCode, 0, planned.text)
    const text = await readFile(join(folder, 'plan.json'), 'utf8')
    for (const secret of Object.values(lab.state().passwords)) assert.ok(!text.includes(secret))
    const edited = await lab.run('es2', ['sh', '-c', `sed -i '1s/^/#/' ${settings} && head -c 1 ${settings}`])
    assert.equal(edited, '#')
    const before = await states()
    const started = Date.now()
    const refused = await run('apply', 'plan.json')
    tell({ refusedAfterMs: Date.now() - started })
    assert.equal(refused.exitCode, 3, refused.text)
    assert.deepEqual(problems(refused), [`es2: ${settings} has another content than in the plan`])
    assert.deepEqual(await states(), before)
  })

  it('does what a new plan says, and that is what the plan lists', async () => {
    const planned = await plan('secure-http.yml')
    assert.equal(planned.exitCode, 0, planned.text)
    // The cluster goes on: counters, shards and times are others than before.
    const applied = await run('apply', 'plan.json')
    assert.equal(applied.exitCode, 0, applied.text)
    assert.deepEqual(withoutDates(changesOf(applied)), withoutDates(changesOf(planned)))
    const verified = await run('verify', '-i', inventory)
    assert.equal(verified.exitCode, 0, verified.text)
  })

  it('refuses what was applied already', async () => {
    const before = await states()
    const again = await run('apply', 'plan.json')
    assert.equal(again.exitCode, 3, again.text)
    for (const name of names()) {
      assert.ok(
        problems(again).some((message) => message?.startsWith(`${name}: ${settings} `) === true),
        again.text,
      )
    }
    assert.deepEqual(await states(), before)
  })

  it('plans and applies a renewal, whose certificates only the run makes', async () => {
    const planned = await plan('renew.yml', '-e', 'renew=force')
    assert.equal(planned.exitCode, 0, planned.text)
    const forgotten = await run('apply', 'plan.json')
    assert.equal(forgotten.exitCode, 3, forgotten.text)
    assert.deepEqual(problems(forgotten), ['The variable "renew" was given with -e, and is not now'])
    const applied = await run('apply', 'plan.json', '-e', 'renew=force')
    assert.equal(applied.exitCode, 0, applied.text)
    assert.deepEqual(withoutDates(changesOf(applied)), withoutDates(changesOf(planned)))
    assert.ok(changesOf(applied).some((line) => line.startsWith('es1: http.p12')))
  })
})

/** A plan of before midnight may be applied after it. */
function withoutDates(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/\d{4}-\d\d-\d\d/g, 'DAY'))
}

function tell(figures: Readonly<Record<string, number>>): void {
  process.stdout.write(`      ${JSON.stringify(figures)}\n`)
}

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { keystoreHeader } from '../../src/elastic/keystore-file.ts'
import { inSteps } from '../support/in-steps.ts'
import { elkseal, type ElksealRun } from './elkseal.ts'
import { createLab } from './lab.ts'
import { rootOf, until } from './machine.ts'
import { pauseMark, pausingPlaybook, restartTask } from './pausing-playbook.ts'
import { needsLab } from './prerequisites.ts'
import { startElkseal, type StartedRun } from './started-run.ts'
import { notices, putBack, told, troubles } from './troubles.ts'

const playbooks = join(import.meta.dirname, '../../playbooks')
const playbook = join(playbooks, 'secure-http.yml')
const yml = '/etc/elasticsearch/elasticsearch.yml'
const keystore = '/etc/elasticsearch/elasticsearch.keystore'

// One cluster for all: first what must leave it as it is, then a roll that meets one fault after the other and is
// finished all the same, then the cluster put back to plain http for a restart of all nodes at once.
describe('faults while a running cluster is secured', function () {
  this.timeout('5m')
  inSteps(this)

  const lab = createLab({ name: 'faults' })
  const nodes = ['es1', 'es2', 'es3']
  let folder = ''
  let inventory = ''
  let pausing = ''
  /** In the order in which the roll takes the nodes: the elected master is the last. */
  let [first, second, third] = ['', '', '']

  before(async function () {
    await needsLab(this)
    await lab.down()
    await lab.up({ version: '9.5.0', nodes: 3, kibana: false, metricbeat: false, plain: 0 })
    await lab.startElasticsearch()
    folder = await mkdtemp(join(tmpdir(), 'elkseal-faults-'))
    await writeFile(join(folder, 'vault-password'), 'a-password-of-this-test\n', { mode: 0o600 })
    inventory = await lab.writeInventory(join(folder, 'inventory'), { login: 'ops' })
    pausing = await pausingPlaybook(folder)
    for (const node of nodes) await sh(node, 'tar -C / -cpf /root/plain.tar etc/elasticsearch')
    const batches = (await run('--check')).events.filter((event) => event.event === 'batch')
    assert.equal(batches.length, 3)
    const order = batches.map(({ hosts }) => (hosts as unknown as readonly string[])[0] ?? '')
    ;[first, second, third] = order as [string, string, string]
  })

  after(async () => {
    if (process.env['ELKSEAL_LAB_KEEP'] !== '1') await lab.down()
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  const common = (): readonly string[] => ['-i', inventory, '--vault-password-file', join(folder, 'vault-password')]
  const run = (...words: readonly string[]): Promise<ElksealRun> =>
    elkseal(lab, ['run', playbook, ...words, ...common()], { cwd: folder })
  const start = (...words: readonly string[]): StartedRun =>
    startElkseal(lab, ['run', ...words, ...common()], { cwd: folder })
  const sh = (host: string, script: string): Promise<string> => lab.run(host, ['sh', '-ec', script])

  const reachesPause = (node: string): Promise<void> =>
    until(async () => (await sh(node, `test -e ${pauseMark} && echo yes || :`)) !== '', `the pause on ${node}`)

  /** What of a node must not change: its files with owner and mode, and its process. */
  const pictureOf = (node: string): Promise<string> =>
    sh(
      node,
      `cd /etc/elasticsearch; find . -type f -exec sha256sum {} + | sort; find . -printf '%p %u:%g %m\\n' | sort
systemctl show -p MainPID elasticsearch`,
    )
  const filesOf = async (node: string): Promise<string> => (await pictureOf(node)).replace(/MainPID=.*/, '')
  const picture = (): Promise<readonly string[]> => Promise.all(nodes.map(pictureOf))

  const giveVariables = async (host: string, variables: object): Promise<void> => {
    await mkdir(join(folder, 'inventory/host_vars'), { recursive: true })
    await writeFile(join(folder, `inventory/host_vars/${host}.yml`), stringify(variables), { mode: 0o600 })
  }
  const takeVariables = (host: string): Promise<void> => rm(join(folder, `inventory/host_vars/${host}.yml`))

  const serves = async (node: string, scheme: 'http' | 'https'): Promise<boolean> => {
    const password = lab.state().passwords.elastic
    const ca = scheme === 'https' ? { ca: join(folder, 'inventory/pki/elasticsearch-ca.pem') } : {}
    const url = `${scheme}://${lab.host(node).address}:9200/_cluster/health`
    return (await lab.ask({ url, user: 'elastic', password, ...ca })).status === 200
  }

  /** The run ends with this code and this one trouble, and the cluster is as it was. */
  const refuses = async (
    words: readonly string[],
    expected: { readonly code: number; readonly status: string; readonly says: RegExp; readonly next: RegExp },
  ): Promise<void> => {
    const before = await picture()
    const result = await run(...words)
    const [trouble] = troubles(result)
    assert.equal(result.exitCode, expected.code, told(result))
    assert.equal(trouble?.status, expected.status, told(result))
    assert.match(trouble.summary!, expected.says)
    assert.match(trouble.hint ?? '', expected.next)
    assert.deepEqual(await picture(), before)
  }

  describe('told before anything is touched', () => {
    it('a wrong sudo password', () =>
      refuses(['-e', 'ansible_become_password=not-the-one'], {
        code: 4,
        status: 'unreachable',
        says: /Cannot become "root" on "es\d" by sudo: the password is wrong/,
        next: /ansible_become_password/,
      }))

    it('a wrong elastic_password', () =>
      refuses(['-e', 'elastic_password=not-the-one'], {
        code: 2,
        status: 'failed',
        says: /401|credentials/,
        next: /^/,
      }))

    it('a host key that changed, with the line of known_hosts', async () => {
      const file = join(folder, 'inventory/known_hosts')
      const known = await readFile(file, 'utf8')
      const { address } = lab.host(second)
      const others = known.split('\n').filter((line) => line.startsWith(`${lab.host(first).address} `))
      const kept = known.split('\n').filter((line) => line !== '' && !line.startsWith(`${address} `))
      const changed = others.map((line) => line.replace(/^\S+/, address))
      await writeFile(file, `${[...kept, ...changed].join('\n')}\n`)
      const says = new RegExp(`The host key of "${address}" has changed: .*\\(${file}:\\d+:1\\)`)
      await refuses([], { code: 4, status: 'unreachable', says, next: /ssh-keygen -R/ })
      await writeFile(file, known)
    })

    it('a host whose sshd is down', async () => {
      await sh(second, 'systemctl stop ssh')
      await refuses([], { code: 4, status: 'unreachable', says: new RegExp(`${second}|refused`), next: /^/ })
      await sh(second, 'systemctl start ssh')
    })

    for (const [kind, lines, key] of [
      ['dotted', 'node.name: another', 'node.name'],
      ['nested', 'xpack:\n  security:\n    enabled: true', 'xpack.security.enabled'],
    ] as const) {
      it(`a ${kind} key that stands in elasticsearch.yml a second time`, async () => {
        await sh(second, `cp -p ${yml} /root/kept.yml; printf '%s\\n' '${lines}' >> ${yml}`)
        await refuses([], { code: 2, status: 'failed', says: new RegExp(key.replaceAll('.', '\\.')), next: /^/ })
        await sh(second, `cp -p /root/kept.yml ${yml}`)
      })
    }

    it('a keystore with a password of its own that is not given, or wrong', async () => {
      const tool = '/usr/share/elasticsearch/bin/elasticsearch-keystore'
      await sh(
        third,
        `cp -p ${keystore} /root/kept.keystore; printf 'keystore-pw-3x\\nkeystore-pw-3x\\n' | ${tool} passwd >/dev/null
chown --reference=/root/kept.keystore ${keystore}; chmod --reference=/root/kept.keystore ${keystore}
cp -p ${keystore} /root/protected.keystore`,
      )
      const next = /elasticsearch_keystore_password/
      await refuses([], { code: 2, status: 'failed', says: /protected by a password/, next })
      await giveVariables(third, { elasticsearch_keystore_password: 'not-the-one' })
      await refuses([], { code: 2, status: 'failed', says: /password does not open/, next })
      await takeVariables(third)
      await sh(third, `cp -p /root/kept.keystore ${keystore}`)
    })
  })

  describe('a disk that takes no file: the old one stays and the node serves on', () => {
    it('mounted read-only', async () => {
      await sh(first, `echo old > /etc/elasticsearch/http.p12; mount --bind /etc/elasticsearch /etc/elasticsearch`)
      await sh(first, 'mount -o remount,ro,bind /etc/elasticsearch')
      const says = /Read-only file system while writing "\/etc\/elasticsearch\/http.p12": the old file is unchanged/
      await refuses([], { code: 2, status: 'failed', says, next: /writable/ })
      assert.ok(await serves(first, 'http'))
      await sh(first, 'umount /etc/elasticsearch')
    })

    it('full', async () => {
      const room = '/root/room'
      await sh(
        first,
        `mkdir ${room}; mount -t tmpfs -o size=2m,mode=2750 room ${room}; cp -a /etc/elasticsearch/. ${room}
dd if=/dev/zero of=${room}/filler bs=1k 2>/dev/null || :; mount --bind ${room} /etc/elasticsearch`,
      )
      const says = /No space left on device while writing "\/etc\/elasticsearch\/http.p12": the old file is unchanged/
      await refuses([], { code: 2, status: 'failed', says, next: /Make room/ })
      assert.ok(await serves(first, 'http'))
      await sh(first, 'umount /etc/elasticsearch; umount /root/room; rm /etc/elasticsearch/http.p12')
    })
  })

  describe('a roll', () => {
    it('stops when a host goes away in the middle of its batch, and says what was done there', async () => {
      const others = await Promise.all([second, third].map(pictureOf))
      const running = start(pausing, '-e', `pause_on=${first}`)
      await reachesPause(first)
      await cutOff(first)
      const result = await running.ended
      assert.equal(result.exitCode, 4, told(result))
      assert.equal(troubles(result)[0]?.status, 'unreachable')
      assert.match(notices(result), new RegExp(`"${first}" went away in the middle of its batch.*elasticsearch.yml`))
      assert.deepEqual(await Promise.all([second, third].map(pictureOf)), others)
      assert.ok(await serves(first, 'http'), 'the node was not restarted')
      await sh(first, `rm ${pauseMark}; systemctl start ssh`)
    })

    it('goes on there; stops at a node that does not come back, and heals it', async () => {
      const files = await filesOf(second)
      const untouched = await pictureOf(third)
      await giveVariables(second, { elasticsearch_group: 'root' })
      const result = await run()
      await takeVariables(second)
      assert.equal(result.exitCode, 2, told(result))
      const [trouble] = troubles(result)
      assert.equal(trouble?.host, second)
      assert.match(
        trouble.summary!,
        new RegExp(`does not start on "${second}": .*not permitted to read "/etc/elasticsearch/http.p12"`),
      )
      assert.match(trouble.hint!, /group of Elasticsearch/)
      assert.equal(putBack(result, second)?.status, 'rescued')
      assert.deepEqual(
        { files: await filesOf(second), http: await serves(second, 'http'), third: await pictureOf(third) },
        { files, http: true, third: untouched },
      )
      assert.ok(await serves(first, 'https'))
    })

    it('puts back, by a new connection, a host whose connection is cut in the middle of a file', async () => {
      const files = await filesOf(second)
      const untouched = await pictureOf(third)
      await writeFile(join(folder, 'playbooks/large'), Buffer.alloc(256 << 20, 'x'))
      const running = start(pausing, '-e', `large_on=${second}`)
      const partOf = `find /etc/elasticsearch -name '.elkseal.*' -size +1M`
      await until(async () => (await sh(second, partOf)) !== '', `a part of the file on ${second}`)
      await cutSessions(second)
      const result = await running.ended
      assert.equal(result.exitCode, 4, told(result))
      assert.match(troubles(result)[0]!.summary!, new RegExp(`The connection to "${second}" was lost`))
      assert.equal(putBack(result, second)?.status, 'rescued', told(result))
      assert.deepEqual(
        { files: await filesOf(second), http: await serves(second, 'http'), third: await pictureOf(third) },
        { files, http: true, third: untouched },
      )
    })

    it('stops at a node that comes back with another certificate, and puts it back', async () => {
      const files = await filesOf(second)
      const untouched = await pictureOf(third)
      // What a configuration management of old does: it puts its own file there.
      await sh(first, 'base64 /etc/elasticsearch/http.p12').then((text) =>
        lab.run(second, ['sh', '-c', 'base64 -d > /root/other.p12'], { input: text }),
      )
      await sh(
        second,
        `mkdir -p /etc/systemd/system/elasticsearch.service.d
printf '%s\n' '[Service]' "ExecStartPre=+/bin/sh -c 'grep -q http.ssl.enabled ${yml} && cat /root/other.p12 > /etc/elasticsearch/http.p12 || :'" > /etc/systemd/system/elasticsearch.service.d/other.conf
systemctl daemon-reload`,
      )
      const result = await run()
      await sh(second, 'rm -r /etc/systemd/system/elasticsearch.service.d; systemctl daemon-reload')
      assert.equal(result.exitCode, 2, told(result))
      assert.match(
        troubles(result)[0]!.summary!,
        new RegExp(`Gave up waiting for "${second}" to serve certificate .*: certificate [0-9a-f]+ is served`),
      )
      assert.equal(putBack(result, second)?.status, 'rescued', told(result))
      assert.deepEqual(
        { files: await filesOf(second), http: await serves(second, 'http'), third: await pictureOf(third) },
        { files, http: true, third: untouched },
      )
    })

    it('stops at a gate that does not open, leaves the setting that closes it, and puts the node back', async () => {
      const files = await filesOf(second)
      const untouched = await pictureOf(third)
      await change('/replicated', { settings: { number_of_shards: 3, number_of_replicas: 1 } })
      await change('/_cluster/health?wait_for_status=green&timeout=60s', undefined)
      const running = start(playbook, '-e', 'gate_timeout=10')
      await running.reaches(({ task, host }) => task === 'https, in elasticsearch.yml' && host === second)
      await until(async () => !(await isActive(second)), `the restart of ${second}`)
      await allocate('none')
      const result = await running.ended
      assert.equal(result.exitCode, 2, told(result))
      assert.match(
        troubles(result)[0]!.summary!,
        /Gave up waiting for .*shards_settled: \d shards are unassigned, 0 were/,
      )
      assert.equal(putBack(result, second)?.status, 'rescued', told(result))
      assert.match(result.text, /cluster.routing.allocation.enable was set to .*none.* meanwhile, and stays so/)
      await allocate(null)
      assert.deepEqual(
        { files: await filesOf(second), http: await serves(second, 'http'), third: await pictureOf(third) },
        { files, http: true, third: untouched },
      )
      await change('/_cluster/health?wait_for_status=green&timeout=60s', undefined)
    })

    it('says how a node stands that cannot be healed, and what to do', async () => {
      await sh(second, "printf '%s\\n' -XX:+NoSuchOption > /etc/elasticsearch/jvm.options.d/garbage.options")
      const files = await filesOf(second)
      const untouched = await pictureOf(third)
      const words = ['run', playbook, ...common()]
      const { stdout, exitCode } = await lab.exec([process.execPath, 'bin/elkseal.js', ...words])
      assert.equal(exitCode, 2, stdout)
      assert.match(stdout, new RegExp(`fatal: \\[${second}\\]: FAILED! => .*does not start on.*NoSuchOption`))
      assert.match(
        stdout,
        new RegExp(`fatal: \\[${second}\\]: FAILED! => its files are as they were before, but service "elasticsearch"`),
      )
      assert.match(stdout, new RegExp(`next: "${second}" is down: .*jvm.options.*run the same command again`))
      assert.deepEqual([await filesOf(second), await pictureOf(third)], [files, untouched])
      assert.equal(await serves(second, 'http'), false)
    })

    it('takes no other node down while one is down for the same cause', async () => {
      const untouched = await picture()
      const result = await run()
      assert.equal(result.exitCode, 2, told(result))
      assert.match(troubles(result)[0]!.summary!, /does not start on.*NoSuchOption/)
      assert.deepEqual(await picture(), untouched)
    })

    it('finishes the batch after ctrl-C, then stops', async () => {
      await sh(second, 'rm /etc/elasticsearch/jvm.options.d/garbage.options')
      const untouched = await pictureOf(third)
      const running = start(playbook)
      await running.reaches(({ task, host }) => task === 'https, in elasticsearch.yml' && host === second)
      await until(async () => !(await isActive(second)), `the restart of ${second}`)
      running.signal('SIGINT')
      const result = await running.ended
      assert.equal(result.exitCode, 99, told(result))
      assert.deepEqual(troubles(result), [])
      assert.match(notices(result), new RegExp(`Not begun.*${third}`))
      assert.ok(await serves(second, 'https'))
      assert.equal(await pictureOf(third), untouched)
    })

    it('restarts a node that a killed run had edited, and finishes', async () => {
      const running = start(pausing, '-e', `pause_on=${third}`)
      await reachesPause(third)
      running.signal('SIGKILL')
      await running.ended
      assert.match(await sh(third, `cat ${yml}`), /xpack\.security\.http\.ssl\.enabled: true/)
      assert.ok(await serves(third, 'http'), 'the node was not restarted')
      const result = await run()
      assert.equal(result.exitCode, 0, told(result))
      const restarted = result.events.filter(({ task, status }) => task === restartTask && status === 'changed')
      assert.deepEqual(
        restarted.map(({ host }) => host),
        [third],
      )
      await verifies()
    })
  })

  describe('restart=full', () => {
    it('starts the nodes again that it had stopped, as they were, when another one goes away', async () => {
      await backToPlain()
      const files = await Promise.all([first, third].map(filesOf))
      const running = start(pausing, '-e', 'restart=full', '-e', `pause_on=${second}`)
      await reachesPause(second)
      await cutOff(second)
      const result = await running.ended
      assert.equal(result.exitCode, 4, told(result))
      assert.deepEqual(await Promise.all([first, third].map(filesOf)), files)
      for (const node of [first, third]) {
        assert.equal(putBack(result, node)?.status, 'rescued', told(result))
        await until(() => serves(node, 'http'), `http of ${node}`)
      }
      await sh(second, 'systemctl start ssh')
    })

    it('stops all nodes before the first one starts; CRLF lines and a protected keystore stay as they are', async () => {
      await backToPlain()
      await sh(second, `sed -i 's/$/\\r/' ${yml}`)
      await sh(third, `cp /root/protected.keystore ${keystore}`)
      await giveVariables(third, { elasticsearch_keystore_password: 'keystore-pw-3x' })
      const before = await sh(second, `cat ${yml}`)
      const result = await run('-e', 'restart=full')
      assert.equal(result.exitCode, 0, told(result))
      const moments = await Promise.all(nodes.map(momentsOf))
      const lastStop = Math.max(...moments.map(({ stopped }) => stopped))
      const firstStart = Math.min(...moments.map(({ started }) => started))
      assert.ok(lastStop < firstStart, JSON.stringify(moments))
      const after = await sh(second, `cat ${yml}`)
      assert.ok(after.startsWith(before) && after.length > before.length)
      assert.ok(after.split('\n').every((line) => line === '' || line.endsWith('\r')))
      assert.ok(keystoreHeader(await readFile(join(rootOf(lab.host(third)), keystore))).isProtected)
      await verifies()
    })
  })

  async function verifies(): Promise<void> {
    const result = await elkseal(lab, ['verify', ...common()], { cwd: folder })
    assert.equal(result.exitCode, 0, told(result))
    assert.equal(result.events.findLast((event) => event.ok !== undefined)?.ok, true)
  }

  async function backToPlain(): Promise<void> {
    await Promise.all(nodes.map((node) => sh(node, 'systemctl stop elasticsearch')))
    const restore = 'find /etc/elasticsearch -mindepth 1 -delete; tar -C / -xpf /root/plain.tar'
    await Promise.all(nodes.map((node) => sh(node, restore)))
    await lab.startElasticsearch()
  }

  async function momentsOf(node: string): Promise<{ readonly stopped: number; readonly started: number }> {
    const show = async (property: string): Promise<number> =>
      Number(await sh(node, `systemctl show --value -p ${property}TimestampMonotonic elasticsearch`))
    return { stopped: await show('InactiveEnter'), started: await show('InactiveExit') }
  }

  const isActive = async (node: string): Promise<boolean> =>
    (await sh(node, 'systemctl is-active elasticsearch || :')).startsWith('active')

  /** Through the first node, which serves https by then. */
  async function change(path: string, body: unknown): Promise<void> {
    const url = `https://${lab.host(first).address}:9200${path}`
    const ca = join(folder, 'inventory/pki/elasticsearch-ca.pem')
    const words = { url, user: 'elastic', password: lab.state().passwords.elastic, ca }
    const answer = await lab.ask(body === undefined ? words : { ...words, method: 'PUT', body })
    assert.equal(answer.status, 200, answer.body)
  }

  const allocate = (value: string | null): Promise<void> =>
    change('/_cluster/settings', { persistent: { 'cluster.routing.allocation.enable': value } })

  /** Ends the logins; the next one is welcome. */
  async function cutSessions(node: string): Promise<void> {
    await sh(
      node,
      `listener=$(systemctl show --value -p MainPID ssh)
for p in /proc/[0-9]*; do case $(cat $p/comm 2>/dev/null) in sshd*) [ \${p#/proc/} = "$listener" ] || kill -9 \${p#/proc/};; esac; done`,
    )
  }

  /** Ends sshd and the logins, which outlive it. */
  async function cutOff(node: string): Promise<void> {
    await sh(node, 'systemctl stop ssh')
    await sh(
      node,
      'for p in /proc/[0-9]*; do case $(cat $p/comm 2>/dev/null) in sshd*) kill -9 ${p#/proc/};; esac; done',
    )
  }
})

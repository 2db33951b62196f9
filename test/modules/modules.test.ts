import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ServiceState } from '../../src/facts/service.ts'
import { parseArguments } from '../../src/modules/arguments.ts'
import type { Decision, Values } from '../../src/modules/module.ts'
import { modulesByName } from '../../src/modules/registry.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { LocalHost } from '../support/local-host.ts'

let host: LocalHost
beforeEach(() => {
  host = new LocalHost()
})
afterEach(() => host.remove())

const decide = (name: string, values: Values) => host.decide(modulesByName.get(name)!, values)
const run = (name: string, values: Values) => host.run(modulesByName.get(name)!, values)
const reasonOf = (decision: Decision) => (decision.kind === 'keep' ? decision.reason : decision.kind)
const messageOf = (decision: Decision) => (decision.kind === 'fail' ? decision.message : decision.kind)
const summaryOf = (decision: Decision) => (decision.kind === 'change' ? decision.change.summary : decision.kind)

describe('copy', () => {
  it('takes the name of the source when the destination is a folder', async () => {
    writeFileSync(host.path('a.txt'), 'a')
    mkdirSync(host.path('d'))
    const { result } = await run('copy', { src: 'a.txt', dest: host.path('d') })
    assert.equal(result['dest'], host.path('d/a.txt'))
    assert.equal(readFileSync(host.path('d/a.txt'), 'utf8'), 'a')
  })

  it('copies a folder, or with a slash what is in it', async () => {
    mkdirSync(host.path('s/sub'), { recursive: true })
    writeFileSync(host.path('s/sub/f'), 'f')
    await run('copy', { src: 's', dest: host.path('one') })
    await run('copy', { src: 's/', dest: host.path('two') })
    assert.deepEqual(readdirSync(host.path('one/s/sub')), ['f'])
    assert.deepEqual(readdirSync(host.path('two/sub')), ['f'])
  })

  it('changes only the mode when only the mode differs, and says what of what', async () => {
    writeFileSync(host.path('f'), 'same')
    chmodSync(host.path('f'), 0o600)
    const inode = statSync(host.path('f')).ino
    const { decision } = await run('copy', { content: 'same', dest: host.path('f'), mode: '0640' })
    assert.equal(summaryOf(decision), `${host.path('f')}: mode 0600 → 0640`)
    assert.equal(statSync(host.path('f')).ino, inode)
  })

  it('shows text before and after, but nothing of bytes and of secrets', async () => {
    writeFileSync(host.path('f'), 'old\n')
    const diffOf = async (content: string | Secret) => {
      const decision = await decide('copy', { content, dest: host.path('f') })
      return decision.kind === 'change' ? decision.change.diff : undefined
    }
    const shown = await diffOf('new\n')
    assert.deepEqual([shown?.before, shown?.after], ['old\n', 'new\n'])
    assert.equal(await diffOf('\0\u0001'), undefined)
    assert.equal(await diffOf(new Secret('hunter22')), undefined)
    const nested = await decide('copy', { content: { list: [new Secret('hunter22')] }, dest: host.path('f') })
    assert.doesNotMatch(JSON.stringify(nested), /hunter22|checksum/)
  })

  it('leaves a file alone with force: false', async () => {
    writeFileSync(host.path('f'), 'old')
    assert.match(
      reasonOf(await decide('copy', { content: 'new', dest: host.path('f'), force: false })),
      /force is false/,
    )
  })

  it('says in advance what would fail: no folder, no user, no source', async () => {
    const dest = host.path('no/f')
    assert.match(messageOf(await decide('copy', { content: 'x', dest })), /Folder ".*\/no" of .* does not exist/)
    const owned = { content: 'x', dest: host.path('f'), owner: 'no-such-user' }
    assert.equal(messageOf(await decide('copy', owned)), 'User "no-such-user" does not exist on the host')
    await assert.rejects(decide('copy', { src: 'gone', dest }), /Source ".*gone" does not exist/)
  })

  it('writes a map as JSON, spaced as Python does', async () => {
    await run('copy', { content: { a: [1, true], b: 'c' }, dest: host.path('f') })
    assert.equal(readFileSync(host.path('f'), 'utf8'), '{"a": [1, true], "b": "c"}')
  })
})

describe('command and shell', () => {
  const output = async (name: string, values: Values) => (await run(name, values)).result

  it('splits words without a shell and replaces only set variables', async () => {
    const { stdout, rc } = await output('command', { cmd: `printf '%s|' "a b" $HOME $UNSET_HERE ';' '*'` })
    assert.deepEqual([stdout, rc], ['a b|/|$UNSET_HERE|;|*|', 0])
    const plain = await output('command', { argv: ['echo', '$HOME'], expand_argument_vars: false })
    assert.equal(plain['stdout'], '$HOME')
  })

  it('register output without the last line end, in lines, and the exit code', async () => {
    const result = await output('shell', { cmd: 'echo one; echo two; echo bad >&2; exit 4' })
    assert.deepEqual(result['stdout_lines'], ['one', 'two'])
    assert.deepEqual([result['stdout'], result['stderr'], result['rc']], ['one\ntwo', 'bad', 4])
  })

  it('look at creates and removes', async () => {
    const keep = await decide('command', { cmd: 'false', creates: host.folder })
    assert.equal(reasonOf(keep), `skipped, since "${host.folder}" exists`)
    assert.equal(keep.result?.['rc'], 0)
    assert.match(reasonOf(await decide('shell', { cmd: 'false', removes: '/no/such' })), /does not exist$/)
  })

  it('change into a folder and read stdin', async () => {
    const { stdout } = await output('shell', { cmd: 'pwd; cat', chdir: host.folder, stdin: 'in' })
    assert.equal(stdout, `${host.folder}\nin`)
  })

  it('say that a program is not there', async () => {
    const { rc, stderr } = await output('command', { cmd: 'no-such-program' })
    assert.equal(rc, 127)
    assert.match(String(stderr), /not found/)
  })
})

describe('systemd_service', () => {
  const module = modulesByName.get('systemd')!
  const state = (parts: Partial<ServiceState>): unknown => ({
    service: { known: true, active: true, activeState: 'active', enabled: true, mainPid: 7, ...parts },
    needsReload: false,
  })
  const on = (parts: Partial<ServiceState>, values: Values) => {
    const args = parseArguments(module, { name: 'es', ...values })
    return module.decide(state(parts), args, host.context)
  }

  it('does only what is not so yet', () => {
    const down = { active: false, activeState: 'inactive', enabled: false }
    assert.equal(reasonOf(on({}, { state: 'started', enabled: true })), '"es" is active')
    assert.equal(summaryOf(on(down, { state: 'started', enabled: 'yes' })), 'es: started, enabled')
    assert.equal(on(down, { state: 'stopped' }).kind, 'keep')
    assert.equal(summaryOf(on({}, { state: 'restarted' })), 'es: restarted')
    assert.equal(summaryOf(on(down, { state: 'reloaded' })), 'es: started')
  })

  it('fails for a unit that systemd does not know', () => {
    assert.equal(messageOf(on({ known: false }, { state: 'started' })), 'No unit "es" is known to systemd')
  })
})

describe('uri', () => {
  let server: Server
  let url = ''
  const seen: string[] = []
  before(async () => {
    server = createServer((request, response) => {
      const { authorization = '', cookie = '', 'x-key': key = '', accept = '' } = request.headers
      const headers = [authorization, cookie, String(key), accept].filter((value) => value !== '')
      seen.push([request.method, request.url, ...headers].join(' '))
      if (request.url === '/moved') response.writeHead(302, { location: '/' })
      else if (request.url === '/elsewhere') {
        response.writeHead(302, { location: `${url.replace('127.0.0.1', 'localhost')}/` })
      } else response.writeHead(request.url === '/no' ? 503 : 200, { 'content-type': 'application/json' })
      response.end('{"a":1}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  beforeEach(() => seen.splice(0))
  after(() => server.close())

  it('looks with GET, follows, and gives the JSON of the answer', async () => {
    const decision = await decide('uri', { url: `${url}/moved`, user: 'u', password: 'p', return_content: true })
    assert.equal(decision.kind, 'keep')
    assert.deepEqual([decision.result?.['status'], decision.result?.['json']], [200, { a: 1 }])
    assert.deepEqual(seen, ['GET /moved Basic dTpw', 'GET / Basic dTpw'])
  })

  it('takes nothing that is secret to another server', async () => {
    const headers = { cookie: 'c', 'x-key': new Secret('hunter22'), accept: 'text/plain' }
    await decide('uri', { url: `${url}/elsewhere`, user: 'u', password: 'p', headers })
    await decide('uri', { url: `${url}/elsewhere`, headers: { authorization: 'ApiKey a' } })
    assert.deepEqual(seen, [
      'GET /elsewhere Basic dTpw c hunter22 text/plain',
      'GET / text/plain',
      'GET /elsewhere ApiKey a',
      'GET /',
    ])
  })

  it('fails for a status that is not good, with the status in the result', async () => {
    const decision = await decide('uri', { url: `${url}/no` })
    assert.equal(messageOf(decision), `GET ${url}/no answered 503, not 200`)
    assert.equal(decision.result?.['status'], 503)
    assert.equal((await decide('uri', { url: `${url}/no`, status_code: '200, 503' })).kind, 'keep')
  })

  it('changes with POST, and only when it is performed', async () => {
    const values = { url, method: 'post', body: { p: new Secret('hunter22') }, body_format: 'json' }
    assert.equal(summaryOf(await decide('uri', values)), `POST ${url}/`)
    assert.deepEqual(seen, [])
    const { result } = await run('uri', values)
    assert.deepEqual([result['status'], seen.length], [200, 1])
    const refused = await run('uri', { ...values, url: `${url}/no` })
    assert.deepEqual([refused.result['failed'], refused.result['status']], [true, 503])
  })

  it('fails, with status -1, when nobody answers', async () => {
    const decision = await decide('uri', { url: 'http://127.0.0.1:1/' })
    assert.deepEqual([decision.kind, decision.result?.['status']], ['fail', -1])
  })
})

describe('wait_for', () => {
  const probeOnce = async (values: Values) => {
    const decision = await decide('wait_for', values)
    assert.ok(decision.kind === 'wait')
    return decision.probe(host.look)
  }

  it('looks at a port, a file and what is in it', async () => {
    writeFileSync(host.path('log'), 'one\nstarted in 5 s\n')
    assert.equal((await probeOnce({ path: host.path('log') })).done, true)
    assert.equal((await probeOnce({ path: host.path('log'), search_regex: '^started' })).done, true)
    assert.equal((await probeOnce({ path: host.path('log'), search_regex: '^stopped' })).done, false)
    assert.equal((await probeOnce({ path: host.path('log'), state: 'absent' })).done, false)
    assert.equal((await probeOnce({ port: 1, state: 'stopped' })).done, true)
    const found = await probeOnce({ port: 1 })
    assert.deepEqual(found, { done: false, found: '127.0.0.1:1 is closed' })
  })
})

describe('stat, slurp and setup', () => {
  it('tell what is there, as Ansible names it', async () => {
    writeFileSync(host.path('f'), 'abc')
    chmodSync(host.path('f'), 0o640)
    const found = (await decide('stat', { path: host.path('f') })).result?.['stat'] as Values
    const { exists, isreg, size, mode, checksum, rusr, woth } = found
    assert.deepEqual([exists, isreg, size, mode, rusr, woth], [true, true, 3, '0640', true, false])
    assert.equal(checksum, 'a9993e364706816aba3e25717850c26c9cd0d89d')
    assert.deepEqual((await decide('stat', { path: '/no' })).result, { stat: { exists: false } })
    assert.equal((await decide('slurp', { src: host.path('f') })).result?.['content'], 'YWJj')
  })

  it('give the facts of this machine', async () => {
    const decision = await decide('setup', {})
    assert.ok(decision.kind === 'keep')
    const facts = decision.facts ?? {}
    assert.equal(facts['ansible_user_uid'], process.getuid?.())
    assert.equal(facts['ansible_system'], 'Linux')
    assert.equal((facts['ansible_facts'] as Values)['hostname'], facts['ansible_hostname'])
  })
})

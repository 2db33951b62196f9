import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ConnectionError, type ConnectionSettings } from '../../src/connection/connection.ts'
import { openConnectionPool, type ConnectionPool, type PoolOptions } from '../../src/connection/pool.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { fewestTrips, openLongLine } from '../support/long-line.ts'
import { newSshKey } from '../support/ssh-key.ts'
import { startSshHost, type SshHost } from '../support/ssh-host.ts'

const password = 'right horse'

describe('An ssh connection', () => {
  let home: string
  let host: SshHost
  let pool: ConnectionPool
  let warnings: string[]
  const others: SshHost[] = []

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'elkseal-ssh-'))
    mkdirSync(join(home, '.ssh'))
    host = await startSshHost({ home, users: { me: { password }, asked: { password, keyboardInteractive: true } } })
    writeFileSync(join(home, '.ssh/known_hosts'), host.hostKeyLine)
    pool = newPool()
  })

  afterEach(async () => {
    await pool.closeAll()
    for (const one of [host, ...others.splice(0)]) await one.close()
    rmSync(home, { recursive: true })
  })

  function newPool(options: Partial<PoolOptions> = {}): ConnectionPool {
    warnings = []
    return openConnectionPool({
      home,
      user: 'me',
      agentSocket: undefined,
      configFile: undefined,
      acceptNewHostKeys: false,
      warn: (message) => warnings.push(message),
      ...options,
    })
  }

  function settings(changes: Partial<ConnectionSettings> = {}): ConnectionSettings {
    return {
      host: 'node1',
      transport: 'ssh',
      address: host.address,
      port: host.port,
      password: new Secret(password),
      sshArguments: [],
      hostKeyChecking: true,
      timeoutSeconds: 5,
      ...changes,
    }
  }

  async function echo(changes: Partial<ConnectionSettings> = {}): Promise<string> {
    const shell = await (await pool.connection(settings(changes))).shell(undefined)
    return (await shell.run({ script: 'echo there' })).stdout.toString()
  }

  async function failure(changes: Partial<ConnectionSettings> = {}): Promise<ConnectionError> {
    try {
      await echo(changes)
    } catch (error) {
      assert.ok(error instanceof ConnectionError, String(error))
      return error
    }
    return assert.fail('It connected')
  }

  function writeKey(name: string, passphrase?: string): string {
    const pair = newSshKey(passphrase)
    const file = join(home, name)
    writeFileSync(file, pair.private, { mode: 0o600 })
    writeFileSync(`${file}.pub`, pair.public)
    return file
  }

  async function keyHost(key: string): Promise<SshHost> {
    const other = await startSshHost({ home, users: { me: { publicKey: readFileSync(`${key}.pub`, 'utf8') } } })
    others.push(other)
    writeFileSync(join(home, '.ssh/known_hosts'), other.hostKeyLine, { flag: 'a' })
    return other
  }

  it('logs in once for many requests', async () => {
    assert.equal(await echo(), 'there\n')
    assert.equal(await echo(), 'there\n')
    assert.deepEqual(host.log, ['connect', 'login me password ok', 'exec exec /bin/sh'])
  })

  it('asks for no sudo when the login account is the wanted one', async () => {
    const connection = await pool.connection(settings())
    const become = { method: 'sudo', user: 'me' } as const
    assert.equal((await (await connection.shell(become)).run({ script: 'echo there' })).stdout.toString(), 'there\n')
    assert.ok(!host.log.some((line) => line.includes('sudo')))
  })

  it('answers a question for the password (keyboard-interactive)', async () => {
    assert.equal(await echo({ user: 'asked' }), 'there\n')
  })

  it('offers a wrong password once, and says what was tried', async () => {
    const error = await failure({ password: new Secret('wrong') })
    assert.equal(error.stage, 'login')
    assert.equal(error.message, '"node1" refused the login of "me"')
    assert.equal(error.hint, 'Tried the password. Check ansible_user, and that this account may log in with it')
    assert.deepEqual(host.log, ['connect', 'login me password refused'])
  })

  it('says that there was nothing to try', async () => {
    assert.equal(
      (await failure({ password: undefined })).hint,
      'There was no key, agent or password to try. Give one with --private-key or --ask-pass',
    )
  })

  it('logs in with an encrypted key', async () => {
    const key = writeKey('locked', 'open sesame')
    const { port } = await keyHost(key)
    const changes = { port, password: undefined, privateKeyFile: key }
    assert.equal(await echo({ ...changes, privateKeyPassphrase: new Secret('open sesame') }), 'there\n')
  })

  it('signs at once; only what says that it is OpenSSH is not asked for its service first', async () => {
    const key = writeKey('key')
    const other = await keyHost(key)
    const sshArguments = ['-o', `HostKeyAlias=[127.0.0.1]:${String(other.port)}`]
    const trips = await fewestTrips(7, async () => {
      pool = newPool()
      const line = await openLongLine(other.port, 120)
      const through = { port: line.port, password: undefined, privateKeyFile: key, sshArguments }
      assert.equal(await echo(through), 'there\n')
      await line.close()
      return line.trips
    })
    // Key exchange 2, service, key, channel, command, request.
    assert.equal(trips, 7)
  })

  it('says of a key that cannot be used what it lacks', async () => {
    const key = writeKey('locked', 'open sesame')
    const changes = { password: undefined, privateKeyFile: key }
    assert.match((await failure(changes)).hint ?? '', /locked needs a passphrase/)
    pool = newPool()
    const wrong = await failure({ ...changes, privateKeyPassphrase: new Secret('no') })
    assert.match(wrong.hint ?? '', /locked does not open with the given passphrase/)
    pool = newPool()
    writeFileSync(key, 'no key at all')
    assert.match((await failure(changes)).hint ?? '', /locked cannot be read/)
    pool = newPool()
    rmSync(key)
    assert.match((await failure(changes)).hint ?? '', /locked does not exist/)
  })

  it('refuses an unknown host key before it logs in', async () => {
    writeFileSync(join(home, '.ssh/known_hosts'), '')
    const error = await failure()
    assert.equal(error.stage, 'host-key')
    assert.match(error.message, /is not known: it shows ssh-ed25519 SHA256:/)
    assert.deepEqual(host.log, ['connect'])
  })

  it('writes an unknown host key down when it may, and then expects it', async () => {
    const file = join(home, '.ssh/known_hosts')
    writeFileSync(file, '')
    pool = newPool({ acceptNewHostKeys: true })
    assert.equal(await echo(), 'there\n')
    assert.equal(readFileSync(file, 'utf8').trim(), host.hostKeyLine.trim().split(' ').slice(0, 3).join(' '))
    assert.equal(warnings.length, 1)
    writeFileSync(
      file,
      (await keyHost(writeKey('other'))).hostKeyLine.replace(/^\S+/, host.hostKeyLine.split(' ')[0] ?? ''),
    )
    pool = newPool({ acceptNewHostKeys: true })
    const error = await failure()
    assert.match(error.message, /has changed/)
    assert.deepEqual(error.position, { file, line: 1, column: 1 })
  })

  it('says why it cannot connect', async () => {
    const { port } = host
    await host.close()
    const error = await failure({ port })
    assert.equal(error.stage, 'connect')
    assert.match(error.message, /^Cannot connect to "node1" \(127\.0\.0\.1 port \d+\): connection refused$/)
  })

  it('does not wait for ever for a host that never answers', async () => {
    host.faults.silent = true
    const error = await failure({ timeoutSeconds: 0.2 })
    assert.equal(error.stage, 'timeout')
  })

  it('tries again when sshd drops connections before the login', async () => {
    host.faults.dropConnections = 2
    assert.equal(await echo(), 'there\n')
    assert.deepEqual(host.log.slice(0, 3), ['connect', 'connect', 'connect'])
  })

  it('has at most eight unfinished logins at an address', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `alias${String(index)}`)
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, unfinished(host.log))), 1)
    await Promise.all(names.map((name) => echo({ host: name })))
    clearInterval(watch)
    assert.ok(most <= 8, String(most))
    assert.equal(host.log.filter((line) => line === 'login me password ok').length, 20)
  })

  it('rejects all that is outstanding when the connection is cut', async () => {
    const shell = await (await pool.connection(settings())).shell(undefined)
    await shell.run({ script: 'true' })
    host.faults.cutAfterBytes = 1_000
    const other = await (await pool.connection(settings({ host: 'node2' }))).shell(undefined)
    const outstanding = [other.run({ script: 'head -c 5000 /dev/zero' }), other.run({ script: 'true' })]
    for (const one of outstanding) {
      await assert.rejects(one, (error) => error instanceof ConnectionError && error.stage === 'lost')
    }
    assert.equal((await shell.run({ script: 'echo alive' })).stdout.toString(), 'alive\n')
    host.faults.cutAfterBytes = undefined
    assert.equal(await echo({ host: 'node2' }), 'there\n')
  })

  it('opens tunnels from the host, and says which it could not', async () => {
    const server = createServer((socket) => socket.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const connection = await pool.connection(settings())
    assert.equal(await text(await connection.tunnel({ host: '127.0.0.1', port })), 'hello')
    await new Promise((resolve) => server.close(resolve))
    await assert.rejects(connection.tunnel({ host: '127.0.0.1', port }), /refused/)
  })

  it('goes through jump hosts, each with its own user and host key', async () => {
    const key = writeKey('jump-key')
    const [first, second] = [await keyHost(key), await keyHost(key)]
    const config = join(home, '.ssh/config')
    writeFileSync(
      config,
      `Host jump1\n HostName ${first.address}\n Port ${String(first.port)}\nHost *\n IdentityFile ~/jump-key\n`,
    )
    const sshArguments = ['-J', `jump1,me@${second.address}:${String(second.port)}`]
    assert.equal(await echo({ sshArguments }), 'there\n')
    assert.deepEqual(first.log.slice(-1), [`tunnel 127.0.0.1:${String(second.port)}`])
    assert.deepEqual(second.log.slice(-1), [`tunnel 127.0.0.1:${String(host.port)}`])
    writeFileSync(join(home, '.ssh/known_hosts'), host.hostKeyLine + first.hostKeyLine)
    pool = newPool()
    assert.equal((await failure({ sshArguments })).stage, 'host-key')
  })

  it('goes to the jump host itself directly, though `Host *` names a jump for all', async () => {
    const key = writeKey('jump-key')
    const jump = await keyHost(key)
    writeFileSync(
      join(home, '.ssh/config'),
      `Host jump1\n HostName ${jump.address}\n Port ${String(jump.port)}\nHost *\n IdentityFile ~/jump-key\n ProxyJump jump1\n`,
    )
    assert.equal(await echo(), 'there\n')
    assert.deepEqual(jump.log.slice(-1), [`tunnel 127.0.0.1:${String(host.port)}`])
  })

  it('does not take a key of another kind for a new host', async () => {
    const name = `[${host.address}]:${String(host.port)}`
    for (const type of ['ssh-rsa', 'sk-ssh-ed25519@openssh.com']) {
      writeFileSync(join(home, '.ssh/known_hosts'), `${name} ${type} AAAA\n`)
      pool = newPool({ acceptNewHostKeys: true })
      const error = await failure({})
      assert.equal(error.stage, 'host-key')
      assert.equal(error.position?.line, 1)
      assert.ok(!host.log.some((line) => line.startsWith('login')))
    }
  })

  it('connects by a ProxyCommand, and says what it said when it fails', async () => {
    const relay = join(home, 'relay.mjs')
    writeFileSync(
      relay,
      "import { connect } from 'node:net'\nconst s = connect(+process.argv[3], process.argv[2])\nprocess.stdin.pipe(s).pipe(process.stdout)\n",
    )
    const proxy = `ProxyCommand=${process.execPath} ${relay} %h %p`
    assert.equal(await echo({ sshArguments: ['-o', proxy] }), 'there\n')
    pool = newPool()
    const error = await failure({ sshArguments: ['-o', 'ProxyCommand=echo no way >&2; exit 1'] })
    assert.equal(error.stage, 'connect')
    assert.match(error.message, /no way/)
  })

  it('lets the process end at once after the run', async () => {
    const connection = await pool.connection(settings())
    await (await connection.shell(undefined)).run({ script: 'true' })
    await pool.closeAll()
    const pids = execFileSync('sh', ['-c', 'echo $PPID']).toString()
    assert.equal(Number(pids), process.pid)
    for (let tries = 0; host.connections > 0 && tries < 100; tries += 1)
      await new Promise((done) => setTimeout(done, 10))
    assert.equal(host.connections, 0)
  })
})

function unfinished(log: readonly string[]): number {
  const count = (start: string) => log.filter((line) => line.startsWith(start)).length
  return count('connect') - count('login')
}

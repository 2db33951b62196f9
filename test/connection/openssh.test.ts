import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionError, type ConnectionSettings } from '../../src/connection/connection.ts'
import { openConnectionPool, type ConnectionPool } from '../../src/connection/pool.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { fewestTrips, openLongLine } from '../support/long-line.ts'
import { needs } from '../support/needs.ts'

const sshd = '/usr/sbin/sshd'

/** A real sshd of one's own on a high port, logging in the account that runs the tests. */
describe("A connection to OpenSSH's sshd", () => {
  let home: string
  let port: number
  let server: ChildProcess
  let pool: ConnectionPool

  before(async function () {
    needs(this, sshd, 'ssh-keygen')
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    home = mkdtempSync(join(tmpdir(), 'elkseal-sshd-'))
    mkdirSync(join(home, '.ssh'))
    for (const [name, type, passphrase] of [
      ['host_key', 'ed25519', ''],
      ['plain', 'ed25519', ''],
      ['locked', 'ed25519', 'open sesame'],
      ['rsa', 'rsa', ''],
      ['ecdsa', 'ecdsa', ''],
      ['stranger', 'rsa', ''],
    ] as const) {
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', join(home, name)])
    }
    const authorized = ['plain', 'locked', 'rsa', 'ecdsa'].map((name) =>
      readFileSync(join(home, `${name}.pub`), 'utf8'),
    )
    writeFileSync(join(home, 'authorized'), authorized.join(''))
    port = await freePort()
    writeFileSync(
      join(home, 'sshd_config'),
      `Port ${String(port)}
ListenAddress 127.0.0.1
HostKey ${join(home, 'host_key')}
PidFile none
StrictModes no
AuthorizedKeysFile ${join(home, 'authorized')}
PermitRootLogin yes
MaxStartups 3:100:3
PermitOpen 127.0.0.1:${String(port)}
`,
    )
    const [type, key] = readFileSync(join(home, 'host_key.pub'), 'utf8').split(' ')
    writeFileSync(join(home, '.ssh/known_hosts'), `[127.0.0.1]:${String(port)} ${type ?? ''} ${key ?? ''}\n`)
    server = spawn(sshd, ['-D', '-e', '-f', join(home, 'sshd_config')], { stdio: 'ignore' })
    await listening(port)
  })

  after(() => {
    server.kill()
    rmSync(home, { recursive: true })
  })

  beforeEach(() => {
    pool = newPool(undefined)
  })

  afterEach(() => pool.closeAll())

  function newPool(agentSocket: string | undefined): ConnectionPool {
    return openConnectionPool({
      home,
      user: userInfo().username,
      agentSocket,
      configFile: 'none',
      acceptNewHostKeys: false,
      warn: () => undefined,
    })
  }

  async function echo(changes: Partial<ConnectionSettings>): Promise<string> {
    const connection = await pool.connection({
      host: 'node1',
      transport: 'ssh',
      address: '127.0.0.1',
      port,
      sshArguments: [],
      hostKeyChecking: true,
      timeoutSeconds: 10,
      ...changes,
    })
    const shell = await connection.shell(undefined)
    return (await shell.run({ script: 'cat', stdin: new Secret('there') })).stdout.toString()
  }

  it('logs in with a key, and with an encrypted one', async () => {
    assert.equal(await echo({ privateKeyFile: join(home, 'plain') }), 'there')
    const locked = { privateKeyFile: join(home, 'locked'), privateKeyPassphrase: new Secret('open sesame') }
    assert.equal(await echo({ host: 'node2', ...locked }), 'there')
  })

  it('has the first answer in six round trips, with one more for each key that will not do', async () => {
    const tripsWith = async (...keys: readonly string[]): Promise<number> => {
      const line = await openLongLine(port, 200)
      const connection = await newPool(undefined).connection({
        host: 'node1',
        transport: 'ssh',
        address: '127.0.0.1',
        port: line.port,
        sshArguments: [
          '-o',
          `HostKeyAlias=[127.0.0.1]:${String(port)}`,
          ...keys.flatMap((key) => ['-i', join(home, key)]),
        ],
        hostKeyChecking: true,
        timeoutSeconds: 10,
      })
      await (await connection.shell(undefined)).run({ script: 'true' })
      const { trips } = line
      await connection.close()
      await line.close()
      return trips
    }
    for (const key of ['plain', 'rsa', 'ecdsa']) {
      assert.equal(await fewestTrips(6, () => tripsWith(key)), 6, key)
    }
    assert.equal(await fewestTrips(7, () => tripsWith('stranger', 'plain')), 7)
  })

  it("lets the agent sign, with IdentitiesOnly for the files' keys only", async function () {
    needs(this, 'ssh-agent', 'ssh-add')
    const socket = join(home, 'agent')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    while (!(await isAnswering(socket))) await sleep(10)
    execFileSync('ssh-add', ['-q', join(home, 'plain')], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
    pool = newPool(socket)
    assert.equal(await echo({}), 'there')
    const only = ['-o', 'IdentitiesOnly=yes']
    assert.equal(await echo({ host: 'node2', sshArguments: [...only, '-i', join(home, 'plain.pub')] }), 'there')
    await assert.rejects(
      echo({ host: 'node3', sshArguments: [...only, '-i', join(home, 'locked.pub')] }),
      isStage('login'),
    )
    agent.kill()
  })

  it('is refused with a wrong password, after one try', async () => {
    await assert.rejects(echo({ password: new Secret('wrong') }), isStage('login'))
  })

  it('gets through when more log in at once than MaxStartups lets in', async () => {
    const privateKeyFile = join(home, 'plain')
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => echo({ host: `n${String(n)}`, privateKeyFile })))
    assert.deepEqual(new Set(answers), new Set(['there']))
  })

  it('goes through a jump host', async () => {
    const config = join(home, 'config')
    writeFileSync(config, `Host *\n IdentityFile ${join(home, 'plain')}\n`)
    const sshArguments = ['-F', config, '-J', `127.0.0.1:${String(port)}`]
    assert.equal(await echo({ sshArguments }), 'there')
  })

  it('says that sshd forbids a tunnel', async () => {
    await echo({ privateKeyFile: join(home, 'plain') })
    const connection = await pool.connection({ host: 'node1' } as ConnectionSettings)
    await assert.rejects(connection.tunnel({ host: '127.0.0.1', port: 1 }), /sshd forbids it/)
  })
})

function isStage(stage: string): (error: unknown) => boolean {
  return (error) => error instanceof ConnectionError && error.stage === stage
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function listening(port: number): Promise<void> {
  while (!(await isAnswering({ port, host: '127.0.0.1' }))) await sleep(20)
}

function isAnswering(place: string | { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = typeof place === 'string' ? connect(place) : connect(place.port, place.host)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

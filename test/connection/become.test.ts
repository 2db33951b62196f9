import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openShellAs } from '../../src/connection/become.ts'
import { ConnectionError, type Become, type Connection } from '../../src/connection/connection.ts'
import { openLocalConnection } from '../../src/connection/local.ts'
import type { Runner } from '../../src/connection/runner.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { needs, skipFor } from '../support/needs.ts'

/** Asks as sudo -S does, up to three times, if ASK is set; then runs the words behind -u USER. */
const sudoStandIn = `#!/bin/sh
prompt=
while [ "$1" != -u ]; do [ "$1" = -p ] && prompt=$2; echo "$1" >>"$0.words"; shift; done
shift 2
if [ -e "$0.asks" ]; then
  for attempt in 1 2 3; do
    printf '%s' "$prompt" >&2
    IFS= read -r given || exit 1
    echo "$given" >>"$0.given"
    [ "$given" = right ] && exec "$@"
    echo 'Sorry, try again.' >&2
  done
  exit 1
fi
exec "$@"
`

describe('become', () => {
  let folder: string
  let exe: string
  let opened: Runner | undefined

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'elkseal-become-'))
    exe = join(folder, 'sudo')
    writeFileSync(exe, sudoStandIn)
    chmodSync(exe, 0o755)
  })

  afterEach(() => {
    opened?.end()
    opened = undefined
    rmSync(folder, { recursive: true })
  })

  async function open(become: Partial<Become>, login = '/bin/sh'): Promise<Runner> {
    opened = await openShellAs(
      { method: 'sudo', user: 'root', exe, ...become },
      {
        host: 'node1',
        startTimeoutMs: 5_000,
        start: (command) => Promise.resolve(spawn(login, ['-c', command], { stdio: 'pipe' })),
      },
    )
    return opened
  }

  async function refusal(become: Partial<Become>): Promise<ConnectionError> {
    try {
      await (await open(become)).run({ script: 'true' })
    } catch (error) {
      assert.ok(error instanceof ConnectionError)
      assert.equal(error.stage, 'become')
      return error
    }
    return assert.fail('It became somebody else')
  }

  const lines = (name: string) => readFileSync(`${exe}.${name}`, 'utf8').trim().split('\n')

  it('gives the password when it is asked for', async () => {
    writeFileSync(`${exe}.asks`, '')
    const shell = await open({ password: new Secret('right') })
    assert.equal((await shell.run({ script: 'echo in' })).stdout.toString(), 'in\n')
    assert.deepEqual(lines('given'), ['right'])
  })

  it('does not let sh read a password that was not asked for', async () => {
    const shell = await open({ password: new Secret('echo not-a-command') })
    const answer = await shell.run({ script: 'echo in' })
    assert.deepEqual([answer.stdout.toString(), answer.stderr.toString()], ['in\n', ''])
  })

  it('tells of a wrong password after one try', async () => {
    writeFileSync(`${exe}.asks`, '')
    const error = await refusal({ password: new Secret('wrong') })
    assert.equal(error.message, 'Cannot become "root" on "node1" by sudo: the password is wrong')
    assert.deepEqual(lines('given'), ['wrong'])
  })

  it('says what sudo said when it refuses', async () => {
    writeFileSync(exe, '#!/bin/sh\necho "sudo: a password is required" >&2\nexit 1\n')
    const error = await refusal({})
    assert.equal(error.message, 'Cannot become "root" on "node1" by sudo: a password is required')
    assert.match(error.hint ?? '', /--ask-become-pass/)
  })

  it('takes -n away when there is a password, as Ansible does', async () => {
    await open({ password: new Secret('x'), flags: '-Hn -S --non-interactive -n --chdir=/tmp' })
    const words = lines('words')
    assert.deepEqual([...words.slice(0, 3), words.length], ['-H', '-S', '--chdir=/tmp', 5])
  })

  it('lets sudo read the password from its input, whatever the flags', async () => {
    await open({ password: new Secret('x'), flags: '-H' })
    assert.deepEqual(lines('words').slice(0, 2), ['-H', '-S'])
  })

  it('puts up with a login shell that puts in its own variables, as with sudo -i', async () => {
    writeFileSync(exe, '#!/bin/sh\nfor last; do :; done\nl=other; eval "last=\\"$last\\""; exec /bin/sh -c "$last"\n')
    const shell = await open({ password: new Secret('x'), flags: '-i' })
    assert.equal((await shell.run({ script: 'echo in' })).stdout.toString(), 'in\n')
  })

  it('does not wait for an answer to a question that it cannot give', async () => {
    writeFileSync(
      exe,
      '#!/bin/sh\nprintf "Mot de passe : " >&2\nread -r given\nsleep 0.5\nprintf "Neues Passwort: " >&2\nread -r more\n',
    )
    const asked = await refusal({ method: 'su' })
    assert.equal(asked.message, 'Cannot become "root" on "node1" by su: a password is required')
    assert.match(asked.hint ?? '', /--ask-become-pass/)
    const askedMore = await refusal({ method: 'su', password: new Secret('old') })
    assert.equal(
      askedMore.message,
      'Cannot become "root" on "node1" by su: after the password it asks "Neues Passwort:"',
    )
  })

  it('shows the question that stands when time is up', async () => {
    writeFileSync(exe, '#!/bin/sh\nprintf "Passwort: Neues Passwort: " >&2\nread -r given\nread -r more\n')
    const error = await refusal({ method: 'su', password: new Secret('old') })
    assert.match(error.message, /by su: no answer within \d+ s; it asks "Neues Passwort:"$/)
  })

  it('takes what a login file prints for no question if the shell is there soon', async () => {
    writeFileSync(
      exe,
      '#!/bin/sh\nprintf "Welcome to:" >&2\nsleep 0.2\nfor last; do :; done\nexec /bin/sh -c "$last"\n',
    )
    const shell = await open({})
    assert.equal((await shell.run({ script: 'echo in' })).stdout.toString(), 'in\n')
  })

  it('says what is said first by sudo, or by the account, whichever there is', async () => {
    writeFileSync(exe, '#!/bin/sh\necho "sudo: unknown user ghost" >&2\necho "sudo: error in a plugin" >&2\nexit 1\n')
    assert.match((await refusal({ user: 'ghost' })).message, /by sudo: unknown user ghost$/)
    writeFileSync(exe, '#!/bin/sh\necho "Not available."\nprintf "Password: " >&2\nexit 1\n')
    assert.match((await refusal({ method: 'su', password: new Secret('x') })).message, /by su: Not available\.$/)
  })

  for (const login of ['bash', 'zsh', 'fish', 'csh']) {
    it(`is read alike by ${login} as login shell`, async function () {
      needs(this, login)
      const shell = await open({ password: new Secret('x') }, login)
      assert.equal((await shell.run({ script: 'echo in' })).stdout.toString(), 'in\n')
      opened?.end()
      const su = await open({ method: 'su', exe: 'sh -c \'eval "$3"\' su' }, login)
      assert.equal((await su.run({ script: 'echo in' })).stdout.toString(), 'in\n')
    })
  }

  for (const method of ['sudo', 'su'] as const) {
    it(`becomes another account by the real ${method}, on the controller too`, async function () {
      needs(this, method)
      if (process.getuid?.() !== 0) skipFor(this, 'needs root')
      const connection = openLocalConnection('localhost')
      const flags = method === 'su' ? '-s /bin/sh' : undefined
      const shell = await connection.shell({ method, user: 'nobody', flags, password: new Secret('needless') })
      assert.equal((await shell.run({ script: 'id -un' })).stdout.toString(), 'nobody\n')
      await assert.rejects(
        enter(connection, { method, user: 'no-such-account' }),
        (error) => error instanceof ConnectionError && /no-such-account/.test(error.message),
      )
      await connection.close()
    })
  }

  it('is told by the real sudo that an account may not use it', async function () {
    needs(this, 'sudo')
    if (process.getuid?.() !== 0) skipFor(this, 'needs root')
    const connection = openLocalConnection('localhost')
    const exeAsNobody = 'sudo -u nobody sudo'
    await assert.rejects(enter(connection, { method: 'sudo', user: 'root', exe: exeAsNobody }), (error) => {
      assert.ok(error instanceof ConnectionError)
      assert.equal(error.message, 'Cannot become "root" on "localhost" by sudo: a password is required')
      return true
    })
    await connection.close()
  })
})

/** Whether sudo -n lets in shows with the first request, which is sent without waiting for it. */
async function enter(connection: Connection, become: Become): Promise<void> {
  await (await connection.shell(become)).run({ script: 'true' })
}

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { ConnectionError, type Shell } from '../../src/connection/connection.ts'
import { HostShell } from '../../src/connection/host-shell.ts'
import { quote } from '../../src/connection/quote.ts'
import { Runner } from '../../src/connection/runner.ts'
import { shellCommand } from '../../src/connection/runner-text.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { needs } from '../support/needs.ts'

const shells = ['/bin/sh', '/bin/dash', 'bash --posix']

function start(command: string, startTimeoutMs = 5_000, onTimeout?: () => void): Runner {
  return new Runner(spawn('/bin/sh', ['-c', command], { stdio: 'pipe' }), { host: 'here', startTimeoutMs, onTimeout })
}

async function text(shell: Shell, script: string): Promise<string> {
  return (await shell.run({ script })).stdout.toString()
}

function isStage(stage: string): (error: unknown) => boolean {
  return (error) => error instanceof ConnectionError && error.stage === stage
}

/** One that has ended and that nobody has waited for yet runs no more. */
function isRunning(pid: string): boolean {
  const stat = `/proc/${pid}/stat`
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'))
}

describe('Runner', () => {
  let runner: Runner

  beforeEach(() => {
    runner = start('exec /bin/sh')
  })

  afterEach(() => runner.end())

  it('loses no request behind large input where head reads more than it was told, as in busybox', async function () {
    needs(this, 'busybox')
    const shell = start(`cat | sh -c 'head() { busybox head "$@"; }; . /dev/fd/0'`)
    for (const size of [8_193, 12_288, 20_000, 100_001]) {
      const input = Buffer.alloc(size, 'x')
      const answers = [
        shell.run({ script: 'wc -c', stdin: input }),
        ...[1, 2, 3].map(() => shell.run({ script: 'echo in' })),
      ]
      const said = (await Promise.all(answers)).map((answer) => answer.stdout.toString().trim())
      assert.deepEqual(said, [String(size), 'in', 'in', 'in'])
    }
    shell.end()
  })

  for (const command of shells) {
    it(`brings back any bytes of input, output and exit code exactly (${command})`, async function () {
      needs(this, command.split(' ')[0] ?? '')
      const shell = start(`exec ${command}`)
      const bytes = fc.uint8Array({ maxLength: 2_000 })
      await fc.assert(
        fc.asyncProperty(bytes, fc.integer({ min: 0, max: 255 }), async (input, code) => {
          const script = `cat; printf err >&2; exit ${String(code)}`
          const answer = await shell.run({ script, stdin: Buffer.from(input) })
          assert.deepEqual([...answer.stdout], [...input])
          assert.equal(answer.stderr.toString(), 'err')
          assert.equal(answer.code, code)
        }),
        { numRuns: 60 },
      )
      shell.end()
    })

    it(`passes any script text unchanged (${command})`, async function () {
      needs(this, command.split(' ')[0] ?? '')
      const shell = start(`exec ${command}`)
      const anyText = fc.string({ unit: 'binary', maxLength: 200 }).map((one) => one.replaceAll('\0', ''))
      await fc.assert(
        fc.asyncProperty(anyText, async (word) => {
          const answer = await shell.run({ script: `printf %s ${quote(word)}` })
          assert.deepEqual(answer.stdout, Buffer.from(word))
        }),
        { numRuns: 60 },
      )
      shell.end()
    })
  }

  it('streams large input, also when the script reads none or part of it', async () => {
    const stdin = Buffer.alloc(3_000_000, 'exit 7\n')
    const answers = await Promise.all([
      runner.run({ script: 'wc -c', stdin }),
      runner.run({ script: 'true', stdin }),
      runner.run({ script: 'head -c 10 | wc -c', stdin }),
      runner.run({ script: 'echo after' }),
    ])
    assert.deepEqual(
      answers.map(({ code, stdout }) => `${String(code)} ${stdout.toString().trim()}`),
      ['0 3000000', '0 ', '0 10', '0 after'],
    )
  })

  it('brings back a reply of 50 MB', async () => {
    const answer = await runner.run({ script: 'head -c 50000000 /dev/zero' })
    assert.equal(answer.stdout.length, 50_000_000)
  })

  it('answers requests that were all sent at once, in their order', async () => {
    const order: number[] = []
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        assert.equal(await text(runner, `echo ${String(index)}`), `${String(index)}\n`)
        order.push(index)
      }),
    )
    assert.deepEqual(
      order,
      Array.from({ length: 50 }, (_, index) => index),
    )
  })

  it('takes answers whose output comes long before their standard error', async () => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const shell = new Runner({ stdin, stdout, stderr }, { host: 'here', startTimeoutMs: 5_000 }, 'm')
    const answers = Promise.all([shell.run({ script: 'one' }), shell.run({ script: 'two' })])
    stdout.write('m ready 1 printf\n1m e 1 0\n2m e 2 3\n')
    await setImmediate()
    stderr.write('m ready\na')
    stderr.write('m e 1\nbm e 2\n')
    const texts = (await answers).map(
      (answer) => `${answer.stdout.toString()}${answer.stderr.toString()}${answer.code}`,
    )
    assert.deepEqual(texts, ['1a0', '2b3'])
    shell.end()
  })

  it('survives scripts that exit, exec, set options, or are no sh at all', async () => {
    const scripts = ['set -e; false; echo no', 'exec false', 'exit 9', 'if then (', 'set -u; cd /tmp; echo "$nothing"']
    const codes = []
    for (const script of scripts) codes.push((await runner.run({ script })).code)
    assert.deepEqual(codes, [1, 1, 9, 2, 2])
    assert.equal(await text(runner, 'pwd; echo "${nothing-unset}"'), '/\nunset\n')
  })

  it('reports a signal as 128 and its number', async () => {
    assert.equal((await runner.run({ script: 'sh -c "kill -9 \\$\\$"' })).code, 137)
  })

  it('has LC_ALL=C, umask 077, a path with sbin, and / as working folder', async () => {
    assert.equal(
      await text(runner, 'echo "$LC_ALL $(umask) $PWD $PATH"'),
      'C 0077 / /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n',
    )
  })

  it('shows neither script nor input in any argument list', async () => {
    const script = ': SCRIPT-MARKER; cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " " | grep -c "[M]ARKER"'
    const answer = await runner.run({ script, stdin: new Secret('INPUT-MARKER') })
    assert.equal(answer.stdout.toString(), '0\n')
  })

  it('keeps what rc files print out of the first answer', async () => {
    const noisy = start('echo welcome; echo oops >&2; exec /bin/sh')
    const answer = await noisy.run({ script: 'echo mine' })
    assert.equal(answer.stdout.toString(), 'mine\n')
    assert.equal(answer.stderr.toString(), '')
    noisy.end()
  })

  it('does not wait for processes that a script leaves behind, nor mixes what they print into later answers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elkseal-runner-'))
    const script = `echo first; (while [ ! -e ${folder}/go ]; do sleep 0.01; done; echo late; : >${folder}/done) &`
    assert.equal((await runner.run({ script, leavesProcesses: true })).stdout.toString(), 'first\n')
    const later = await text(
      runner,
      `: >${folder}/go; while [ ! -e ${folder}/done ]; do sleep 0.01; done; ls ${folder}`,
    )
    assert.equal(later, 'done\ngo\n')
    rmSync(folder, { recursive: true })
  })

  it('leaves no file behind when output goes through files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elkseal-runner-'))
    const host = start(`TMPDIR=${folder} exec /bin/sh`)
    const answer = await host.run({
      script: 'cat; echo no >&2; exit 3',
      stdin: Buffer.from('in'),
      leavesProcesses: true,
    })
    assert.deepEqual([answer.code, answer.stdout.toString(), answer.stderr.toString()], [3, 'in', 'no\n'])
    assert.deepEqual(readdirSync(folder), [])
    host.end()
    rmSync(folder, { recursive: true })
  })

  for (const login of ['bash', 'dash', 'zsh', 'fish', 'csh']) {
    it(`starts under ${login} as login shell`, async function () {
      needs(this, login)
      const child = spawn(login, ['-c', shellCommand], { stdio: 'pipe' })
      const shell = new Runner(child, { host: 'here', startTimeoutMs: 5_000 })
      assert.equal(await text(shell, "printf '%s\\n' \"a!b\" 'it'\\''s'"), "a!b\nit's\n")
      shell.end()
    })
  }

  it('says what the host said when no shell starts', async () => {
    const refused = start('echo This account is closed >&2; exit 1')
    await assert.rejects(refused.run({ script: 'true' }), (error) => {
      assert.ok(isStage('shell')(error))
      assert.match((error as ConnectionError).hint ?? '', /This account is closed/)
      return true
    })
  })

  it('gives up on a shell that says nothing', async () => {
    const silent = start('sleep 5', 50)
    await assert.rejects(silent.run({ script: 'true' }), isStage('shell'))
  })

  it('rejects all that is outstanding when the connection is lost', async () => {
    const child = spawn('/bin/sh', [], { stdio: 'pipe' })
    const shell = new Runner(child, { host: 'here', startTimeoutMs: 5_000 })
    await shell.run({ script: 'true' })
    const outstanding = [
      shell.run({ script: 'exec sleep 5 >/dev/null 2>&1' }),
      shell.run({ script: 'true', stdin: Buffer.alloc(20_000) }),
    ]
    child.kill('SIGKILL')
    for (const one of outstanding) await assert.rejects(one, isStage('lost'))
    await assert.rejects(shell.run({ script: 'true' }), isStage('lost'))
  })
})

describe('HostShell', () => {
  it('ends the processes of a request that takes too long, and answers the next one in a new shell', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elkseal-runner-'))
    const shell = await HostShell.open((onTimeout) => Promise.resolve(start('exec /bin/sh', 5_000, onTimeout)))
    const slow = shell.run({
      script: `sh -c 'echo $$ >${folder}/pid; sleep 60; :' ; touch ${folder}/went-on`,
      timeoutMs: 300,
    })
    const behind = shell.run({ script: `touch ${folder}/behind` })
    await assert.rejects(slow, isStage('timeout'))
    await assert.rejects(behind, isStage('timeout'))
    assert.equal(await text(shell, 'echo again'), 'again\n')
    const pid = readFileSync(join(folder, 'pid'), 'utf8').trim()
    assert.equal(isRunning(pid), false)
    assert.deepEqual(readdirSync(folder), ['pid'])
    shell.end()
    rmSync(folder, { recursive: true })
  })

  it('counts the time of a request from when it is its turn', async () => {
    const shell = await HostShell.open((onTimeout) => Promise.resolve(start('exec /bin/sh', 5_000, onTimeout)))
    const answers = await Promise.all([
      shell.run({ script: 'sleep 0.6' }),
      shell.run({ script: 'sleep 0.1', timeoutMs: 500 }),
    ])
    assert.deepEqual(
      answers.map(({ code }) => code),
      [0, 0],
    )
    shell.end()
  })
})

import { spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Clock } from '../../src/clock.ts'
import { systemClock } from '../../src/clock.ts'
import type { Output, Shell, ShellRequest } from '../../src/connection/connection.ts'
import { forecastEffect, performEffect } from '../../src/engine/effects/effect-kinds.ts'
import type { Performer } from '../../src/engine/effects/effect-kind.ts'
import { Forecast } from '../../src/facts/forecast.ts'
import type { Question, Reader } from '../../src/facts/question.ts'
import { parseArguments } from '../../src/modules/arguments.ts'
import type { Context, Decision, Look, Module, Values } from '../../src/modules/module.ts'
import { Secret } from '../../src/secrets/secret.ts'
import type { Vault } from '../../src/secrets/vault.ts'

/** This machine as a host: real sh, real files, in a temporary folder. Every script that ran is kept. */
export class LocalHost {
  readonly folder: string
  readonly scripts: string[] = []
  readonly shell: Shell = { run: (request) => this.#run(request) }
  readonly clock: Clock
  readonly forecast: Forecast | undefined
  readonly variables: Record<string, unknown> = {}
  backupDir: string | undefined
  #account: number | undefined

  /** With `folder`, a second view of the same files. */
  constructor(options: { readonly check?: boolean; readonly clock?: Clock; readonly folder?: string } = {}) {
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'elkseal-test-'))
    this.clock = options.clock ?? systemClock
    this.forecast = options.check === true ? new Forecast() : undefined
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  get requests(): number {
    return this.scripts.length
  }

  readonly reader: Reader = {
    host: 'local',
    ask: async <T>(question: Question<T>): Promise<T> => {
      if (this.forecast !== undefined) {
        const foreseen = question.foresee?.(this.forecast)
        if (foreseen !== undefined) return foreseen
      }
      const { script, stdin, timeoutMs } = question
      return question.parse(await this.#run({ script, stdin, timeoutMs }))
    },
    open: (address) =>
      new Promise((accept, reject) => {
        const socket = connect(address.port, address.host)
        socket.once('connect', () => accept(socket))
        socket.once('error', reject)
      }),
  }

  get performer(): Performer {
    return { shell: this.shell, reader: this.reader, backupDir: this.backupDir, clock: this.clock }
  }

  get look(): Look {
    return {
      host: this.reader,
      controller: this.reader,
      vault: testVault,
      render: (text) => this.render(text),
      findSource: (path) => resolve(this.folder, path),
      clock: this.clock,
    }
  }

  get context(): Context {
    return {
      host: 'local',
      now: this.clock.now(),
      vault: testVault,
      evaluate: (expression) => this.variables[expression],
      render: (text) => this.render(text),
      variable: (name) => this.variables[name],
    }
  }

  /** Knows `{{ name }}` and nothing else. */
  render(text: string): string {
    return text.replace(/\{\{ (\w+) \}\}/g, (_, name: string) => String(this.variables[name]))
  }

  /** A module's decision for arguments as a playbook would give them. */
  async decide(module: Module, values: Values): Promise<Decision> {
    const args = parseArguments(module, values)
    return module.decide(await module.inspect(this.look, args), args, this.context)
  }

  /** Decides and performs; in check mode the effects go to the forecast. Returns what was decided and registered. */
  async run(module: Module, values: Values): Promise<{ decision: Decision; result: Values }> {
    const decision = await this.decide(module, values)
    if (decision.kind !== 'change') return { decision, result: decision.result ?? {} }
    const results: Values[] = []
    for (const effect of decision.change.effects) {
      if (this.forecast !== undefined) {
        await forecastEffect(effect, { reader: this.reader, forecast: this.forecast, clock: this.clock })
      } else results.push(await performEffect(effect, this.performer))
    }
    const result = this.forecast === undefined ? decision.collect?.(results) : undefined
    return { decision, result: result ?? decision.result ?? {} }
  }

  /** What is run from now on is run as an account that is not root, to which the folder belongs. */
  becomeOrdinary(): void {
    if (process.getuid?.() !== 0) return
    this.#account = nobody
    chownSync(this.folder, nobody, nobody)
    chmodSync(this.folder, 0o755)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #run(request: ShellRequest): Promise<Output> {
    this.scripts.push(request.script)
    return runLocally(request, this.#account)
  }
}

const nobody = 65534

/** A vault for tests of other things: "encrypted" is a prefix. */
const testVault: Vault = {
  isEncrypted: (text) => text.toString().startsWith('$TEST_VAULT;'),
  decrypt: (envelope) => new Secret(envelope.toString().replace('$TEST_VAULT;', '')),
  encrypt: (plain) => `$TEST_VAULT;${plain.reveal()}`,
}

/** One request as a host's runner would run it: dash or what sh is here, umask 077, LC_ALL=C, in /. */
function runLocally(request: ShellRequest, account: number | undefined): Promise<Output> {
  const script = `umask 077; (\n${request.script}\n)`
  const child = spawn('/bin/sh', ['-c', script], {
    cwd: '/',
    env: { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/' },
    stdio: 'pipe',
    ...(account === undefined ? {} : { uid: account, gid: account }),
  })
  const stdin = request.stdin instanceof Secret ? request.stdin.revealBytes() : request.stdin
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => out.push(part))
  child.stderr.on('data', (part: Buffer) => err.push(part))
  return new Promise((accept, reject) => {
    child.once('error', reject)
    child.once('close', (code) => accept({ code: code ?? 129, stdout: Buffer.concat(out), stderr: Buffer.concat(err) }))
  })
}

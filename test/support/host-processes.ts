import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Whose processes a host runs and where they start. Another uid needs root. */
export interface Account {
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly home: string
  /** Besides PATH, HOME, USER and LOGNAME. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** The words of the login shell, before -c and the command. Default /bin/sh. */
  readonly shell?: readonly string[] | undefined
}

const markName = 'ELKSEAL_SSH_HOST'

/** Every process of one host, known by a mark in its environment, so that daemons are found too. */
export class HostProcesses {
  readonly #account: Account
  readonly #mark = randomUUID()
  readonly #groups = new Set<number>()

  constructor(account: Account) {
    this.#account = account
  }

  /** The shell with `-c COMMAND`, in a process group of its own. */
  start(command: string, user: string): ChildProcessWithoutNullStreams {
    const { uid, gid, home, environment, shell = ['/bin/sh'] } = this.#account
    const [program = '', ...words] = shell
    const child = spawn(program, [...words, '-c', command], {
      cwd: home,
      detached: true,
      stdio: 'pipe',
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        USER: user,
        LOGNAME: user,
        ...environment,
        [markName]: this.#mark,
      },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })
    const { pid } = child
    if (pid !== undefined) {
      this.#groups.add(pid)
      child.once('close', () => this.#groups.delete(pid))
    }
    return child
  }

  /** Asks them to end, and ends by force what is left after five seconds: Elasticsearch writes its state on the way. */
  async endAll(): Promise<void> {
    this.#signal('SIGTERM')
    for (let waited = 0; waited < 5_000 && this.#living().length > 0; waited += 50) await sleep(50)
    this.#signal('SIGKILL')
  }

  #signal(signal: NodeJS.Signals): void {
    for (const group of this.#groups) send(-group, signal)
    for (const pid of this.#living()) send(pid, signal)
  }

  /** By /proc, so on Linux only; elsewhere the process groups must do. */
  #living(): readonly number[] {
    const wanted = `${markName}=${this.#mark}`
    return numericNames('/proc').filter((pid) => environmentOf(pid).includes(wanted))
  }
}

function numericNames(folder: string): readonly number[] {
  try {
    return readdirSync(folder)
      .map(Number)
      .filter((pid) => pid > 0)
  } catch {
    return []
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/environ`, 'latin1')
  } catch {
    return ''
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}

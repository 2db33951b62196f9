import type { Duplex } from 'node:stream'
import { ElksealError, type ErrorDetails } from '../errors.ts'
import type { Secret } from '../secrets/secret.ts'

/** One POSIX sh script for a host. The script text may be logged; secrets go into `stdin` only. */
export interface ShellRequest {
  readonly script: string
  readonly stdin?: Buffer | Secret | undefined
  /** Milliseconds until the request is given up and its processes are ended. Default 300 000. */
  readonly timeoutMs?: number | undefined
  /** The script may leave processes behind; what they print later is kept out of later answers. Costs some forks. */
  readonly leavesProcesses?: boolean | undefined
  readonly link?: Link | undefined
}

/**
 * A request of a chain, sent before the answer of the one ahead of it is back. The first, number 1, always runs; each
 * other one only if the one ahead was the last of any chain to succeed on this sh. Else nothing runs, and the code is
 * `notReached`.
 */
export interface Link {
  /** Letters and digits. */
  readonly chain: string
  readonly number: number
}

export const notReached = 97

export interface Output {
  /** Exit status; 128 + n after signal n. */
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/**
 * A long-lived sh on a host, as one account. Requests run one after the other in the order of the calls; calling again
 * before an answer is back costs no further round trip. Each runs in a subshell with `LC_ALL=C`, umask 077, a fixed
 * PATH and `/` as working folder: nothing one request sets is seen by the next. A request that takes too long is
 * rejected with stage `timeout`, and so are those behind it: whether they had begun is not known. Its processes are
 * ended, and the next request gets a new sh.
 */
export interface Shell {
  run(request: ShellRequest): Promise<Output>
}

/** How to become another account on a host (Ansible's become variables, resolved). */
export interface Become {
  readonly method: 'sudo' | 'su'
  readonly user: string
  readonly password?: Secret | undefined
  readonly exe?: string | undefined
  readonly flags?: string | undefined
}

/** One host, logged in once. Opened by a ConnectionPool when first needed. */
export interface Connection {
  readonly host: string
  /** The shell of this account; undefined is the login account. Opened once and kept. Rejects with a ConnectionError. */
  shell(become: Become | undefined): Promise<Shell>
  /** A TCP connection made by the host itself (ssh direct-tcpip; for a local connection an ordinary socket). */
  tunnel(address: Address): Promise<Duplex>
  close(): Promise<void>
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** What is known about how to reach a host: Ansible's connection variables, resolved by `vars/`. */
export interface ConnectionSettings {
  readonly host: string
  readonly transport: 'ssh' | 'local'
  readonly address: string
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly password?: Secret | undefined
  readonly privateKeyFile?: string | undefined
  readonly privateKeyPassphrase?: Secret | undefined
  /** ansible_ssh_common_args and ansible_ssh_extra_args, split into words: -o Key=Value, -J, -F, -i, -p, -l. */
  readonly sshArguments: readonly string[]
  readonly hostKeyChecking: boolean
  /** Seconds for connecting and logging in. */
  readonly timeoutSeconds: number
}

/** Where a connection failed: the host is unreachable, exit code 4. */
export type ConnectionStage = 'resolve' | 'connect' | 'host-key' | 'login' | 'become' | 'shell' | 'lost' | 'timeout'

export class ConnectionError extends ElksealError {
  readonly stage: ConnectionStage

  constructor(stage: ConnectionStage, message: string, details: ErrorDetails = {}) {
    super(message, details)
    this.stage = stage
  }
}

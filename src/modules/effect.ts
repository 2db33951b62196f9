import type { Forecast } from '../facts/forecast.ts'
import type { HttpRequestWords } from '../facts/http.ts'
import type { Subject } from '../facts/question.ts'
import type { Secret } from '../secrets/secret.ts'

/**
 * What can be done to a host. Data only: `engine/effects/` performs, forecasts and undoes each kind. All but `content`,
 * `stdin` and Secret values is safe to print.
 */
export type Effect =
  | WriteFile
  | SetAttributes
  | MakeDirectory
  | MakeLink
  | RemovePath
  | SetService
  | ChangeKeystore
  | RunCommand
  | HttpRequest

export interface Ownership {
  readonly owner?: string | undefined
  readonly group?: string | undefined
  /** Permission bits: 0o640. */
  readonly mode?: number | undefined
}

/** Atomic: written beside the target with owner and mode set, synced, renamed; the old file is kept for rollback. */
export interface WriteFile extends Ownership {
  readonly kind: 'write-file'
  readonly path: string
  readonly content: Buffer | Secret
  /** Ansible's `backup`: also leaves `path.PID.DATE~` beside the file. */
  readonly backup?: boolean
  /** Command of words run on the new file before it replaces the old one; `%s` is its path. Fails the task if it fails. */
  readonly validate?: string | undefined
}

export interface SetAttributes extends Ownership {
  readonly kind: 'set-attributes'
  readonly path: string
  readonly recurse?: boolean
  /** With `recurse`: clauses for chmod instead of `mode`, as each file below has bits of its own: `u=rwX,g=rX`. */
  readonly modeClauses?: string | undefined
  /** Also sets the times to now (`state: touch`). */
  readonly touch?: boolean
}

/** Makes the folder and its missing parents. */
export interface MakeDirectory extends Ownership {
  readonly kind: 'make-directory'
  readonly path: string
}

export interface MakeLink {
  readonly kind: 'make-link'
  readonly path: string
  readonly target: string
  readonly hard?: boolean
  readonly force?: boolean
}

export interface RemovePath {
  readonly kind: 'remove-path'
  readonly path: string
}

export type ServiceAction = 'start' | 'stop' | 'restart' | 'reload'

/** A systemd unit, or, where there is no systemd, a daemon of an archive installation. */
export interface SetService {
  readonly kind: 'set-service'
  readonly name: string
  readonly action?: ServiceAction | undefined
  readonly enabled?: boolean | undefined
  readonly daemonReload?: boolean
  readonly timeoutMs?: number | undefined
  /** systemd is to count the starts anew: its limit is against services that die again and again. */
  readonly resetStartLimit?: boolean
  /** For a daemon without systemd: how to do each action, as sh. Undefined: systemctl. */
  readonly scripts?: Readonly<Partial<Record<ServiceAction, string>>> | undefined
  /** What a start script reads: the password of a protected keystore. */
  readonly stdin?: Secret | undefined
}

/** Settings of a product's keystore, changed by the product's own tool. `undo` puts the keystore file back. */
export interface ChangeKeystore {
  readonly kind: 'change-keystore'
  /** The keystore file, for backup, rollback and the forecast. */
  readonly path: string
  readonly set: ReadonlyMap<string, Secret>
  readonly remove: readonly string[]
  /** sh that makes the changes; what it reads on stdin is `stdin`. */
  readonly script: string
  readonly stdin: Secret
  readonly timeoutMs?: number | undefined
}

/** Anything else. `script` may be logged; secrets go to `stdin`. */
export interface RunCommand {
  readonly kind: 'run-command'
  readonly script: string
  readonly stdin?: Secret | Buffer | undefined
  readonly timeoutMs?: number | undefined
  /** What it can change; default everything. */
  readonly touches?: readonly Subject[] | undefined
  /** What check mode may say of it. Absent: the outcome cannot be known, the task is `undetermined`. */
  readonly forecast?: ((forecast: Forecast) => void) | undefined
}

/** A request to a REST interface, made from the host itself. */
export interface HttpRequest {
  readonly kind: 'http-request'
  readonly request: HttpRequestWords
  /** Its outcome is certain, and no later look at the host shows it. */
  readonly isForeseen?: boolean
}

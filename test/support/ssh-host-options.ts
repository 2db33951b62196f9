import type { Account } from './host-processes.ts'

/** How one user may log in. `publicKey` is a line as in authorized_keys. */
export interface SshHostUser {
  readonly password?: string | undefined
  readonly publicKey?: string | undefined
  /** The password is asked for by keyboard-interactive instead of taken by the password method. */
  readonly keyboardInteractive?: boolean | undefined
}

/** What goes wrong. May be changed while the host runs; each is looked at when its moment comes. */
export interface SshHostFaults {
  /** So many connections are closed before a word is said, as sshd does beyond MaxStartups. */
  dropConnections?: number | undefined
  /** Connections are taken and never answered. */
  silent?: boolean | undefined
  /** All logins are refused. */
  refuseLogins?: boolean | undefined
  /** The connection is cut after so many bytes of a command's output. */
  cutAfterBytes?: number | undefined
  /** The connection is cut once these bytes have come in for a command; what follows them is lost. */
  cutAtInput?: Buffer | undefined
  /** Commands are accepted and neither started nor answered. */
  hangCommands?: boolean | undefined
}

export interface SshHostOptions extends Account {
  readonly address?: string | undefined
  readonly port?: number | undefined
  readonly users: Readonly<Record<string, SshHostUser>>
  readonly faults?: SshHostFaults | undefined
  /** Where direct-tcpip really goes: hosts that share a loopback interface cannot all own one port of 127.0.0.1. */
  readonly reach?: ((host: string, port: number) => { readonly host: string; readonly port: number }) | undefined
}

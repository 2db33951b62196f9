import type { Become, Shell } from './connection.ts'
import { HostShell } from './host-shell.ts'
import type { Runner } from './runner.ts'

/** The shells of one connection: one for each account, opened when first asked for. */
export class Shells {
  readonly #open: (become: Become | undefined, onTimeout: () => void) => Promise<Runner>
  readonly #account: string
  readonly #shells = new Map<string, Promise<HostShell>>()

  constructor(account: string, open: (become: Become | undefined, onTimeout: () => void) => Promise<Runner>) {
    this.#account = account
    this.#open = open
  }

  shell(wanted: Become | undefined): Promise<Shell> {
    const become = this.#isOwn(wanted) ? undefined : wanted
    const key =
      become === undefined ? '' : JSON.stringify([become.method, become.user, become.exe ?? '', become.flags ?? ''])
    const known = this.#shells.get(key) ?? HostShell.open((onTimeout) => this.#open(become, onTimeout))
    this.#shells.set(key, known)
    return known
  }

  /** Who is root already needs no sudo, which may not even be installed (Ansible's become_allow_same_user: false). */
  #isOwn(wanted: Become | undefined): boolean {
    return wanted?.user === this.#account && wanted.exe === undefined
  }

  end(): void {
    for (const shell of this.#shells.values()) {
      shell.then(
        (open) => open.end(),
        () => undefined,
      )
    }
  }
}

import type { Become, Shell } from './connection.ts'
import { HostShell } from './host-shell.ts'
import type { Runner } from './runner.ts'

/** The shells of one connection: one for each account, opened when first asked for. */
export class Shells {
  readonly #open: (become: Become | undefined, onTimeout: () => void) => Promise<Runner>
  readonly #shells = new Map<string, Promise<HostShell>>()

  constructor(open: (become: Become | undefined, onTimeout: () => void) => Promise<Runner>) {
    this.#open = open
  }

  shell(become: Become | undefined): Promise<Shell> {
    const key =
      become === undefined ? '' : JSON.stringify([become.method, become.user, become.exe ?? '', become.flags ?? ''])
    const known = this.#shells.get(key) ?? HostShell.open((onTimeout) => this.#open(become, onTimeout))
    this.#shells.set(key, known)
    return known
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

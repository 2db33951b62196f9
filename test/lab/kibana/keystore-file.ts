import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openKeystore, sealKeystore, UnableToReadKeystore } from './keystore-format.ts'
import { configFolder, dataFolder } from './folders.ts'

/** The keystore as the two commands see it. */
export class KeystoreFile {
  readonly path: string
  settings: Record<string, unknown> = {}
  #password = ''

  constructor() {
    const inData = join(dataFolder(), 'kibana.keystore')
    this.path = existsSync(inData) ? inData : join(configFolder(), 'kibana.keystore')
  }

  exists(): boolean {
    return existsSync(this.path)
  }

  hasPassword(): boolean {
    try {
      openKeystore(readFileSync(this.path, 'utf8'))
      return false
    } catch (thrown) {
      return thrown instanceof UnableToReadKeystore
    }
  }

  /** An absent keystore is an empty one. `ask` is called for the password when the environment has none. */
  async load(ask: () => Promise<string>): Promise<void> {
    if (!this.exists()) return
    if (this.hasPassword() && this.#password === '') {
      const { KBN_KEYSTORE_PASSPHRASE_FILE: file, KEYSTORE_PASSWORD: word } = process.env
      if (file !== undefined) this.#password = readFileSync(file, 'utf8').trim()
      else this.#password = word ?? (await ask())
    }
    this.settings = openKeystore(readFileSync(this.path, 'utf8'), this.#password)
  }

  setPassword(password: string): void {
    this.#password = password
  }

  /** Without a mode, as Kibana does it: the umask and whoever runs the command decide who can read it. */
  save(): void {
    writeFileSync(this.path, sealKeystore(this.settings, this.#password))
  }
}

import { randomInt } from 'node:crypto'
import * as z from 'zod'
import { TaskError } from '../errors.ts'
import { Secret } from '../secrets/secret.ts'
import { int, path, secret } from './argument-types.ts'
import type { Effect } from './effect.ts'
import { defineModule } from './module.ts'
import { folderEffects, passwordIn, storedFile, vaultedFile } from './pki-files.ts'

const args = z.strictObject({
  path: path().describe('File on the controller; it is written vault-encrypted'),
  length: int().default(32).describe('Length of a password that is made here: letters and digits'),
  value: secret().optional().describe('The password, when it is given and not made here; it is stored too'),
})

type Args = z.output<typeof args>

interface State {
  readonly stored: Secret | undefined
  readonly made: Secret
  readonly folder: readonly Effect[]
}

export const storedPassword = defineModule<Args, State>({
  name: 'stored_password',
  aliases: [],
  summary: 'Makes a password once and keeps it vault-encrypted on the controller',
  examples: `
- name: The password of the PKCS#12 stores
  stored_password:
    path: "{{ pki_dir }}/http-p12-password"
  register: http_p12
`,
  args,
  on: 'controller',
  async inspect(look, given) {
    const [content, folder] = await Promise.all([storedFile(look, given.path), folderEffects(look, given.path)])
    if (content === undefined) return { stored: undefined, made: newPassword(given.length), folder }
    if (!look.vault.isEncrypted(content)) {
      throw new TaskError(`The password in "${given.path}" is not vault-encrypted`, {
        hint: `Encrypt it: ansible-vault encrypt ${given.path}`,
      })
    }
    const stored = passwordIn(look.vault.decrypt(content, given.path))
    return { stored, made: stored, folder }
  },
  decide(state, given, context) {
    const value = given.value ?? state.made
    const result = { value, path: given.path }
    if (state.stored?.equals(value) === true) return { kind: 'keep', reason: 'the password is stored', result }
    const change = {
      summary: state.stored === undefined ? 'store a password' : 'store another password',
      effects: [...state.folder, vaultedFile(given.path, context.vault.encrypt(value))],
    }
    return { kind: 'change', change, result }
  },
})

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function newPassword(length: number): Secret {
  if (length < 12)
    throw new TaskError(`A password of ${length} characters is too short`, { hint: 'length: 12 or more' })
  return new Secret(Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join(''))
}

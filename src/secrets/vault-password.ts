import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, parse, resolve } from 'node:path'
import { asError } from '../errors.ts'
import { SecretError } from './secret-error.ts'
import { Secret } from './secret.ts'

/** One vault password and where it comes from. */
export interface VaultPasswordSource {
  /** The vault id; `default` when the user gave none. */
  readonly id: string
  /** Where the password comes from, for error messages, such as `"/etc/vault-password"`. */
  readonly description: string
  /** Called once, at the first value that needs a password. Throws a SecretError. */
  read(): Secret
}

export function passwordFromText(id: string, password: Secret): VaultPasswordSource {
  return { id, description: 'the given vault password', read: () => password }
}

/** `ask` gets the prompt and returns what was typed. */
export function passwordFromPrompt(id: string, ask: (prompt: string) => string): VaultPasswordSource {
  return {
    id,
    description: 'the vault password that was typed',
    read: () => checked(ask(id === 'default' ? 'Vault password: ' : `Vault password (${id}): `), 'that was typed'),
  }
}

/**
 * A file that holds the password, or, when it is executable, prints it. As in Ansible, a programme whose name ends in
 * `-client` (before its extension) is told which id is wanted with `--vault-id`.
 */
export function passwordFromFile(id: string, path: string): VaultPasswordSource {
  return {
    id,
    description: `"${path}"`,
    read: () => checked(isExecutable(path) ? runPasswordProgramme(id, path) : readPasswordFile(path), `in "${path}"`),
  }
}

/** Makes a file with a random password that only its owner can read. False when there is one already: it is kept. */
export function createVaultPasswordFile(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new SecretError(`The vault password file "${path}" cannot be written: ${asError(error).message}`, {
      cause: error,
    })
  }
}

function readPasswordFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new SecretError(`The vault password file "${path}" cannot be read`, {
      hint: asError(error).message,
      cause: error,
    })
  }
}

function runPasswordProgramme(id: string, path: string): string {
  const words = parse(basename(path)).name.endsWith('-client') ? ['--vault-id', id] : []
  // The programme may ask the user, so it keeps the terminal; only its output is ours.
  const run = spawnSync(resolve(path), words, { stdio: ['inherit', 'pipe', 'inherit'], encoding: 'utf8' })
  if (run.error !== undefined || run.status !== 0) {
    const reason = run.error?.message ?? `it ended with status ${String(run.status ?? run.signal)}`
    throw new SecretError(`The vault password programme "${path}" gave no password`, { hint: reason, cause: run.error })
  }
  return run.stdout
}

function checked(text: string, where: string): Secret {
  const password = text.trim()
  if (password === '') throw new SecretError(`The vault password ${where} is empty`)
  return new Secret(password)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

// Stand-in for Kibana's command `kibana-keystore`: the texts, exit codes and traps of the real one.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { KeystoreFile } from './keystore-file.ts'
import { UnableToReadKeystore } from './keystore-format.ts'

const missing = "ERROR: Kibana keystore not found. Use 'create' command to create one."

interface Call {
  readonly keystore: KeystoreFile
  readonly words: readonly string[]
  readonly flags: ReadonlySet<string>
}

const commands: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  create,
  add,
  list,
  remove,
  show,
  'has-passwd': hasPassword,
  passwd,
}

const longFlags: Readonly<Record<string, string>> = {
  '-x': '--stdin',
  '-f': '--force',
  '-s': '--silent',
  '-p': '--password',
  '-o': '--output',
}

async function main(given: readonly string[]): Promise<number> {
  const flags = new Set(given.filter((word) => word.startsWith('-')).map((word) => longFlags[word] ?? word))
  const [name = '', ...words] = given.filter((word) => !word.startsWith('-'))
  const command = commands[name]
  if (command === undefined) {
    process.stderr.write(name === '' ? '' : `unknown command ${name}\n`)
    process.stdout.write(
      '\n  Usage: bin/kibana-keystore [options] [command]\n\n  A tool for managing settings stored in the Kibana keystore\n\n',
    )
    return 64
  }
  try {
    return await command({ keystore: new KeystoreFile(), words, flags })
  } catch (thrown) {
    if (!(thrown instanceof UnableToReadKeystore)) throw thrown
    say(`FATAL CLI ERROR UnableToReadKeystore: ${thrown.message}\n${thrown.stack ?? ''}`)
    return 1
  }
}

async function create({ keystore, flags }: Call): Promise<number> {
  if (keystore.exists() && !(await confirm('A Kibana keystore already exists. Overwrite?'))) {
    say('Exiting without modifying keystore.')
    return 0
  }
  keystore.settings = {}
  if (flags.has('--password')) {
    keystore.setPassword(await ask('Enter new password for the kibana keystore (empty for no password)'))
  }
  keystore.save()
  say(`Created Kibana keystore in ${keystore.path}`)
  return 0
}

async function add({ keystore, words, flags }: Call): Promise<number> {
  const [key] = words
  if (key === undefined) {
    process.stderr.write("error: missing required argument 'key'\n")
    return 64
  }
  await keystore.load(askPassword)
  if (!keystore.exists()) return complain(missing, 0)
  if (!flags.has('--force') && Object.hasOwn(keystore.settings, key)) {
    if (flags.has('--stdin')) {
      say(`Setting ${key} already exists, exiting without modifying keystore.`)
      return 0
    }
    if (!(await confirm(`Setting ${key} already exists. Overwrite?`))) {
      say('Exiting without modifying keystore.')
      return 0
    }
  }
  const text = (flags.has('--stdin') ? readFileSync(0, 'utf8') : await ask(`Enter value for ${key}`)).trim()
  keystore.settings[key] = jsonOr(text) ?? text
  keystore.save()
  return 0
}

async function list({ keystore }: Call): Promise<number> {
  await keystore.load(askPassword)
  if (!keystore.exists()) return complain(missing, 0)
  for (const key of Object.keys(keystore.settings)) say(key)
  return 0
}

/** Makes an empty keystore where there is none, as the real one does. */
async function remove({ keystore, words }: Call): Promise<number> {
  await keystore.load(askPassword)
  const gone = words[0] ?? ''
  keystore.settings = Object.fromEntries(Object.entries(keystore.settings).filter(([key]) => key !== gone))
  keystore.save()
  return 0
}

async function show({ keystore, words, flags }: Call): Promise<number> {
  await keystore.load(askPassword)
  if (!keystore.exists()) return complain(missing, 255)
  const [key = '', file] = words
  if (!Object.hasOwn(keystore.settings, key)) return complain("ERROR: Kibana keystore doesn't have requested key.", 255)
  const value = keystore.settings[key]
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (!flags.has('--output') || file === undefined) {
    say(text)
    return 0
  }
  if (existsSync(file)) return complain('ERROR: Output file already exists. Remove it before retrying.', 255)
  writeFileSync(file, text)
  say(`Writing output to file: ${file}`)
  return 0
}

async function hasPassword({ keystore }: Call): Promise<number> {
  if (!keystore.exists()) return complain('Error: Keystore not found', 1)
  if (!keystore.hasPassword()) return complain('Error: Keystore is not password protected', 1)
  say('Keystore is password-protected')
  return 0
}

async function passwd({ keystore }: Call): Promise<number> {
  await keystore.load(askPassword)
  if (!keystore.exists()) return complain(missing, 0)
  keystore.setPassword(await ask('Enter new password for the kibana keystore (empty for no password)'))
  keystore.save()
  return 0
}

function askPassword(): Promise<string> {
  return ask('Enter password for the kibana keystore')
}

async function confirm(question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(`${question} [y/N]`, ' '))
}

/** At the end of input nothing is ever answered: the process then ends with 0, having done nothing. */
function ask(question: string, separator = ': '): Promise<string> {
  const lines = createInterface({ input: process.stdin })
  process.stdout.write(`${question}${separator}`)
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      lines.close()
      resolve(line)
    })
  })
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function complain(text: string, code: number): number {
  process.stderr.write(`${text}\n`)
  return code
}

process.exitCode = await Promise.race([main(process.argv.slice(2)), endOfInput()])

/** An unanswered question must not keep top-level await from ending the process with its own error code 13. */
function endOfInput(): Promise<number> {
  return new Promise((resolve) => process.once('beforeExit', () => resolve(0)))
}

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readKeystore } from '../../../src/elastic/keystore-file.ts'
import { writeKeystore } from './keystore-format.ts'

/** bin/elasticsearch-keystore: exit codes and texts of 9.5.0, without passwords and questions. */
const home = process.env['ES_HOME'] ?? ''
const file = join(process.env['ES_PATH_CONF'] ?? join(home, 'config'), 'elasticsearch.keystore')
const [command = '', ...words] = process.argv.slice(2)
const names = words.filter((word) => !word.startsWith('-'))

process.exitCode = await run()

async function run(): Promise<number> {
  if (command === 'create') return created()
  if (command === 'add') return added()
  if (!existsSync(file)) {
    return fail(65, `Elasticsearch keystore not found at [${file}]. Use 'create' command to create one.`)
  }
  if (command === 'has-passwd') {
    process.stderr.write('\nERROR: Keystore is not password-protected\n')
    return 1
  }
  const entries = await stored()
  if (command === 'list') {
    process.stdout.write([...entries.keys()].sort().join('\n') + '\n')
    return 0
  }
  const missing = names.find((name) => !entries.has(name))
  if (missing !== undefined) return fail(78, `Setting [${missing}] does not exist in the keystore.`)
  if (command === 'show') process.stdout.write(`${entries.get(names[0] ?? '')?.toString() ?? ''}\n`)
  else if (command === 'remove') save(new Map([...entries].filter(([name]) => !names.includes(name))))
  else return fail(64, `The stand-in does not know "${command}"`)
  return 0
}

function created(): number {
  if (existsSync(file)) return fail(78, 'The stand-in does not overwrite a keystore')
  save(new Map([seed()]))
  return 0
}

/** Only as `add -x -f NAMES`, one value a line: all of them, or none. */
async function added(): Promise<number> {
  if (names.length === 0 || !words.join(' ').startsWith('-x -f')) {
    return fail(64, 'The stand-in knows "add -x -f NAMES" only')
  }
  const bad = names.find((name) => !/^[A-Za-z0-9_\-.]+$/.test(name))
  if (bad !== undefined) {
    return fail(65, `Setting name [${bad}] does not match the allowed setting name pattern [[A-Za-z0-9_\\-.]+]`)
  }
  const values = readFileSync(0, 'utf8').split('\n')
  if (values.length < names.length || (values.length === names.length && values.at(-1) === '')) {
    process.stderr.write(
      'java.lang.IllegalStateException: unable to read from standard input; is standard input open and a tty attached?\n',
    )
    return 70
  }
  const entries = new Map(existsSync(file) ? await stored() : [seed()])
  for (const [index, name] of names.entries()) {
    entries.set(name, Buffer.from((values[index] ?? '').replace(/\r$/, '')))
  }
  save(entries)
  return 0
}

async function stored(): Promise<ReadonlyMap<string, Buffer>> {
  const secrets = await readKeystore(readFileSync(file))
  return new Map([...secrets].map(([name, value]) => [name, Buffer.from(value.reveal())]))
}

function save(entries: ReadonlyMap<string, Buffer>): void {
  writeFileSync(`${file}.tmp`, writeKeystore(entries), { mode: 0o660, flag: 'wx' })
  renameSync(`${file}.tmp`, file)
}

function seed(): [string, Buffer] {
  return ['keystore.seed', Buffer.from(randomBytes(15).toString('base64'))]
}

function fail(code: number, text: string): number {
  process.stderr.write(`\nERROR: ${text}, with exit code ${code}\n`)
  return code
}

import { ConnectionError, type Become } from './connection.ts'
import { quote } from './quote.ts'
import { Runner, newMark, whenAllSaid, type RunnerOptions, type RunnerStreams } from './runner.ts'
import { shellCommand } from './runner-text.ts'

export interface ShellStart extends RunnerOptions {
  /** Runs a command by the login account's own shell, whichever that is. */
  readonly start: (command: string) => Promise<RunnerStreams>
}

/** An sh as the login account or, by sudo or su, as another. Rejects with stage become and what the host said. */
export async function openShellAs(become: Become | undefined, options: ShellStart): Promise<Runner> {
  if (become === undefined) return new Runner(await options.start(shellCommand), options)
  const mark = newMark()
  const streams = await options.start(becomeCommand(become, mark))
  await passThrough(become, { streams, mark, options })
  streams.stdin.write(`${mark}\n`)
  return new Runner(streams, options)
}

/**
 * The shell says that it is there, and then skips its input up to the mark: so the password, sent ahead, is never
 * read as a command when sudo did not ask for it.
 */
function becomeCommand(become: Become, mark: string): string {
  const shell = `echo ${mark} in;until [ "$l" = ${mark} ];do IFS= read -r l||exit;done;exec /bin/sh`
  const exe = become.exe ?? become.method
  if (become.method === 'su') {
    return ['exec', exe, become.flags ?? '', quote(become.user), '-c', quote(`/bin/sh -c '${shell}'`)].join(' ')
  }
  const flags = (become.flags ?? '-H -S -n').split(/\s+/)
  // With a password, sudo must be able to ask: Ansible takes -n away in the same way.
  const asked = become.password === undefined ? flags : flags.map(withoutNonInteractive).filter((flag) => flag !== '')
  const prompt = become.password === undefined ? [] : ['-p', quote(promptOf(mark))]
  return ['exec', exe, ...asked, ...prompt, '-u', quote(become.user), '/bin/sh', '-c', `'${shell}'`].join(' ')
}

function withoutNonInteractive(flag: string): string {
  if (flag === '-n' || flag === '--non-interactive') return ''
  return flag.startsWith('--') ? flag : flag.replace(/^(-\w*)n(\w*.*)/, '$1$2')
}

/** Holds the mark, so that it is recognised in any language and among whatever else is printed. */
function promptOf(mark: string): string {
  return `${mark} password:`
}

interface Passage {
  readonly streams: RunnerStreams
  readonly mark: string
  readonly options: ShellStart
}

/** Gives the password once; a second question means that it was wrong, and gets no answer. */
function passThrough(become: Become, { streams, mark, options }: Passage): Promise<void> {
  const { stdin, stdout, stderr } = streams
  if (become.password !== undefined) stdin.write(`${become.password.reveal()}\n`)
  return new Promise((resolve, reject) => {
    let said = ''
    let heard = ''
    const refuse = (reason: string) => {
      stop()
      stdin.end()
      reject(becomeError(options.host, become, reason))
    }
    const hear = (chunk: Buffer) => {
      heard += chunk.toString('latin1')
      if (!heard.includes(`${mark} in\n`)) return
      stop()
      resolve()
    }
    const read = (chunk: Buffer) => {
      said += chunk.toString()
      if (said.split(promptOf(mark)).length > 2) refuse('the password is wrong')
    }
    const end = () => whenAllSaid(stderr, () => refuse(reasonOf(said.replaceAll(promptOf(mark), '').trim(), become)))
    const timer = setTimeout(
      () => refuse(`no answer within ${String(options.startTimeoutMs / 1000)} s`),
      options.startTimeoutMs,
    )
    const stop = () => {
      clearTimeout(timer)
      stdout.off('data', hear).off('close', end)
      stderr.off('data', read)
      // What still comes from a refused one is nobody's business, but must not be unhandled.
      for (const stream of [stdin, stdout, stderr]) stream.on('error', () => undefined)
    }
    stdout.on('data', hear).on('close', end)
    stderr.on('data', read)
    stdin.on('error', () => undefined)
  })
}

/** What the host said, reduced to what matters. Its words are in the host's language, so they only refine. */
function reasonOf(said: string, become: Become): string {
  if (become.method === 'su' && become.password !== undefined && /Authentication failure/i.test(said)) {
    return 'the password is wrong'
  }
  const lines = said.split(/\r?\n/).filter((line) => line.trim() !== '')
  return lines.at(-1)?.replace(/^(sudo|su): /, '') ?? 'it ended without a word'
}

function becomeError(host: string, become: Become, reason: string): ConnectionError {
  return new ConnectionError('become', `Cannot become "${become.user}" on "${host}" by ${become.method}: ${reason}`, {
    hint: hintOf(become, reason),
  })
}

function hintOf(become: Become, reason: string): string {
  if (become.password === undefined) {
    return 'If it needs a password, give it with --ask-become-pass or as ansible_become_password in the vault'
  }
  if (reason === 'the password is wrong') return 'Check ansible_become_password; it was tried once'
  return `Check the rules of ${become.method} on the host, and ansible_become_user`
}

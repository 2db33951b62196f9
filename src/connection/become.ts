import { ConnectionError, type Become } from './connection.ts'
import { quote } from './quote.ts'
import { Runner, newMark, whenAllSaid, type RunnerOptions, type RunnerStreams } from './runner.ts'
import { shellCommand } from './runner-text.ts'

export interface ShellStart extends RunnerOptions {
  /** Runs a command by the login account's own shell, whichever that is. */
  readonly start: (command: string) => Promise<RunnerStreams>
}

/**
 * An sh as the login account or, by sudo or su, as another. What the host said when it refuses is a ConnectionError of
 * stage become: of this call or, where nothing can be asked, of the first request, which is then on its way already.
 */
export async function openShellAs(become: Become | undefined, options: ShellStart): Promise<Runner> {
  if (become === undefined) return new Runner(await options.start(shellCommand), options)
  const mark = newMark()
  const streams = await options.start(becomeCommand(become, mark))
  const entered = passThrough(become, { streams, mark, options })
  if (!readsNothing(become)) await entered
  streams.stdin.write(`${mark}\n`)
  const runner = new Runner(streams, { ...options, entered })
  entered.catch((refused: unknown) => runner.end(refused as ConnectionError))
  return runner
}

/** `sudo -n` asks for nothing: what is sent ahead of its answer reaches sh alone, and saves a round trip. */
function readsNothing(become: Become): boolean {
  const flags = flagsOf(become)
  const isSilent = flags.some((flag) => flag === '--non-interactive' || /^-[ABEHPSbks]*n[ABEHPSbks]*$/.test(flag))
  return become.method === 'sudo' && isSilent && !flags.some(isLogin)
}

/**
 * The shell says that it is there, and then skips its input up to the mark: so the password, sent ahead, is never
 * read as a command when sudo did not ask for it.
 */
function becomeCommand(become: Become, mark: string): string {
  const flags = flagsOf(become)
  const shell = `echo ${mark} in;${flags.some(isLogin) ? skipWithoutDollar(mark) : skip(mark)};exec /bin/sh`
  const exe = become.exe ?? become.method
  if (become.method === 'su') {
    return ['exec', exe, ...flags, quote(become.user), '-c', quote(`/bin/sh -c '${shell}'`)].join(' ')
  }
  const prompt = become.password === undefined ? [] : ['-p', quote(promptOf(mark))]
  return ['exec', exe, ...flags, ...prompt, '-u', quote(become.user), '/bin/sh', '-c', `'${shell}'`].join(' ')
}

function skip(mark: string): string {
  return `until [ "$l" = ${mark} ];do IFS= read -r l||exit;done`
}

/** `sudo -i` escapes everything for the login shell but `$` (sudo(8)), so that shell would put in its own `$l`. */
function skipWithoutDollar(mark: string): string {
  return `export l;until env|grep -qx l=${mark};do IFS= read -r l||exit;done`
}

/** With a password, sudo must be able to ask, and not on a terminal: Ansible takes -n away in the same way. */
function flagsOf({ method, flags, password }: Become): readonly string[] {
  const words = (flags ?? (method === 'su' ? '' : '-H -S -n')).split(/\s+/).filter((word) => word !== '')
  if (method === 'su' || password === undefined) return words
  const asking = words.map(withoutNonInteractive).filter((word) => word !== '')
  return asking.some((word) => word === '--stdin' || /^-\w*S/.test(word)) ? asking : [...asking, '-S']
}

function withoutNonInteractive(flag: string): string {
  if (flag === '-n' || flag === '--non-interactive') return ''
  return flag.startsWith('--') ? flag : flag.replace(/^(-\w*)n(\w*.*)/, '$1$2')
}

function isLogin(flag: string): boolean {
  return flag === '--login' || /^-[A-Za-z]*i/.test(flag)
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

/** How long a question may stand before it is believed to be one: what a login file prints may look like one. */
const questionMs = 1_000

/** Gives the password once; a second question means that it was wrong, and gets no answer. */
function passThrough(become: Become, { streams, mark, options }: Passage): Promise<void> {
  const { stdin, stdout, stderr } = streams
  if (become.password !== undefined) stdin.write(`${become.password.reveal()}\n`)
  return new Promise((resolve, reject) => {
    const heard = new Heard(become, promptOf(mark))
    let questionTimer: NodeJS.Timeout | undefined
    const refuse = (reason: string) => {
      stop()
      stdin.end()
      reject(becomeError(options.host, become, reason))
    }
    const hear = (chunk: Buffer) => {
      heard.out += chunk.toString()
      if (!heard.out.includes(`${mark} in\n`)) return
      stop()
      resolve()
    }
    const read = (chunk: Buffer) => {
      clearTimeout(questionTimer)
      const question = heard.question(chunk.toString())
      if (heard.wasAskedAgain) refuse(wrongPassword)
      else if (question !== undefined) questionTimer = setTimeout(refuse, questionMs, question)
    }
    const end = () => whenAllSaid(stderr, () => refuse(heard.lastWord()))
    const timer = setTimeout(
      () => refuse(`no answer within ${String(options.startTimeoutMs / 1000)} s${heard.lastQuestion()}`),
      options.startTimeoutMs,
    )
    const stop = () => {
      clearTimeout(timer)
      clearTimeout(questionTimer)
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

const wrongPassword = 'the password is wrong'
const noPassword = 'a password is required'

/** What sudo or su said before it let us in. Its words are in the host's language, so they only refine. */
class Heard {
  readonly #become: Become
  readonly #prompt: string
  out = ''
  #err = ''
  #questions = 0

  constructor(become: Become, prompt: string) {
    this.#become = become
    this.#prompt = prompt
  }

  get wasAskedAgain(): boolean {
    return this.#err.split(this.#prompt).length > 2
  }

  /** Why the question that these words end in, if they do, will have no answer. */
  question(words: string): string | undefined {
    this.#err += words
    const asked = this.#asked()
    if (asked === undefined || words.trim() === '') return undefined
    this.#questions += 1
    if (this.#become.password === undefined) return noPassword
    return this.#questions === 1 ? undefined : `after the password it asks "${asked}"`
  }

  /** Two questions that came as one piece cannot be told from one with a colon in it: the user sees the words. */
  lastQuestion(): string {
    const asked = this.#asked()
    return asked === undefined || asked === this.#prompt ? '' : `; it asks "${asked}"`
  }

  #asked(): string | undefined {
    return /([^\n:：]*[:：])[^\S\n]*$/.exec(this.#err)?.[1]?.trim()
  }

  lastWord(): string {
    const { method, password } = this.#become
    const err = this.#err.replaceAll(this.#prompt, '')
    if (method === 'su' && password !== undefined && /Authentication failure/i.test(err)) return wrongPassword
    const own = new RegExp(`^(?:.*: )?${method}: (.*)$`, 'm').exec(err)?.[1]
    // nologin speaks on standard output.
    const lines = `${this.out}\n${err}`.split(/\r?\n/).filter((line) => !/^\s*$|[:：]\s*$/.test(line))
    return own ?? lines.at(-1)?.trim() ?? 'it ended without a word'
  }
}

function becomeError(host: string, become: Become, reason: string): ConnectionError {
  return new ConnectionError('become', `Cannot become "${become.user}" on "${host}" by ${become.method}: ${reason}`, {
    hint: hintOf(become, reason),
  })
}

function hintOf({ method, password, exe, flags }: Become, reason: string): string {
  if (password === undefined) {
    return 'If it needs a password, give it with --ask-become-pass or as ansible_become_password in the vault'
  }
  if (reason === wrongPassword) return 'Check ansible_become_password; it was tried once'
  const given = [exe === undefined ? '' : ', ansible_become_exe', flags === undefined ? '' : ', ansible_become_flags']
  return `Check the rules of ${method} on the host, and ansible_become_user${given.join('')}`
}

import { ConnectionError, type Become, type Shell } from './connection.ts'
import { quote } from './quote.ts'
import { openRunner, type RunnerStreams } from './runner.ts'

/** The words before the shell. The prompt holds the mark, so that it is recognised among whatever else is printed. */
export function becomeWords(become: Become, mark: string): string {
  const exe = become.exe ?? become.method
  if (become.method === 'su') return `${exe} ${become.flags ?? ''} ${quote(become.user)} -c`
  const flags = become.flags ?? '-H -S'
  const prompt = become.password === undefined ? '-n' : `-p ${quote(`${mark} password`)}`
  return `${exe} ${flags} ${prompt} -u ${quote(become.user)} --`
}

/** Gives the password once, and tells at once when it is refused instead of waiting for another. */
export function watchBecome(
  host: string,
  become: Become,
  { streams, mark }: { streams: RunnerStreams; mark: string },
): Promise<Shell> {
  if (become.password !== undefined) streams.stdin.write(`${become.password.reveal()}\n`)
  return new Promise((resolve, reject) => {
    let prompts = 0
    let text = ''
    const watch = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      prompts = text.split(`${mark} password`).length - 1
      const refusal = refusalOf(text, prompts)
      if (refusal !== undefined) {
        streams.stdin.end()
        reject(becomeError(host, become, refusal))
      }
    }
    streams.stderr.on('data', watch)
    openRunner(host, streams, mark).then(
      (shell) => {
        streams.stderr.off('data', watch)
        resolve(shell)
      },
      (error: unknown) => reject(text.trim() === '' ? (error as Error) : becomeError(host, become, text.trim())),
    )
  })
}

/** sudo's and su's own words with LC_ALL unset: the exit comes later or never. */
function refusalOf(text: string, prompts: number): string | undefined {
  if (prompts > 1 || /Sorry, try again/.test(text)) return 'the password is wrong'
  const known = [
    'a password is required',
    'not in the sudoers file',
    'a terminal is required',
    'not allowed to execute',
  ]
  return known.find((words) => text.includes(words))
}

function becomeError(host: string, become: Become, reason: string): ConnectionError {
  return new ConnectionError('become', `Cannot become "${become.user}" on "${host}" by ${become.method}: ${reason}`, {
    hint:
      reason === 'a password is required'
        ? 'Give it with --ask-become-pass, or as ansible_become_password in the vault'
        : 'Check ansible_become_password and the rules of sudo on the host',
  })
}

import * as z from 'zod'
import { fileAt } from '../facts/file.ts'
import { choice, filledText, int, path, text } from './argument-types.ts'
import { defineModule, type Decision, type Look, type Probe } from './module.ts'
import { regexp } from './python-regexp.ts'

const args = z.strictObject({
  host: filledText().default('127.0.0.1').describe('Name or address, as seen from the host of the task'),
  port: int().optional().describe('Port to wait for'),
  path: path().optional().describe('Path to wait for, instead of a port'),
  search_regex: regexp().optional().describe('Expression to be found in the file, or in what the port says first'),
  state: choice('started', 'present', 'stopped', 'absent')
    .default('started')
    .describe('started or present: it is open or there; stopped or absent: it is not'),
  delay: int().default(0).describe('Seconds before the first look'),
  sleep: int().default(1).describe('Seconds between looks'),
  timeout: int().default(300).describe('Seconds after which it has failed'),
  connect_timeout: int().default(5).describe('Seconds for one connection'),
  msg: text().optional().describe('Message of the failure'),
})
type Args = z.infer<typeof args>

export const waitFor = defineModule<Args, undefined>({
  name: 'wait_for',
  aliases: ['ansible.builtin.wait_for'],
  summary: 'Waits for a port to open or close, or for a file to come or go',
  examples: `- wait_for:
    port: 9200
    timeout: 120
`,
  args: args.refine((given) => (given.port === undefined) !== (given.path === undefined), {
    message: 'exactly one of "port" and "path" is needed',
  }),
  inspect: async () => undefined,
  decide: (_, given): Decision => {
    let first = true
    const what = whatOf(given)
    return {
      kind: 'wait',
      what,
      timeoutMs: given.timeout * 1000,
      intervalMs: given.sleep * 1000,
      probe: async (look) => {
        if (first) await look.clock.sleep(given.delay * 1000)
        first = false
        return probe(look, given)
      },
      ...(given.msg === undefined ? {} : { explain: explainWith(given.msg) }),
    }
  },
})

async function probe(look: Look, given: Args): Promise<Probe> {
  const { port, path: at, state } = given
  const wantsIt = state === 'started' || state === 'present'
  const found = at === undefined ? await probePort(look, given) : await probePath(look, given)
  const result = { state, port, path: at, search_regex: given.search_regex?.source }
  return found.there === wantsIt ? { done: true, reason: found.words, result } : { done: false, found: found.words }
}

interface Found {
  readonly there: boolean
  readonly words: string
}

async function probePath(look: Look, given: Args): Promise<Found> {
  const { path: at = '', search_regex: pattern } = given
  const state = await look.host.ask(fileAt(at, { content: pattern !== undefined }))
  if (state.kind === 'absent') return { there: false, words: `"${at}" is not there` }
  if (pattern === undefined) return { there: true, words: `"${at}" is there` }
  const text = state.kind === 'file' ? (state.content?.toString() ?? '') : ''
  const matches = new RegExp(pattern, `${pattern.flags.replace('m', '')}m`).test(text)
  return { there: matches, words: `"${at}" ${matches ? 'matches' : 'does not match'} ${pattern.source}` }
}

async function probePort(look: Look, given: Args): Promise<Found> {
  const { host, port = 0, search_regex: pattern } = given
  const place = `${host}:${port}`
  let stream
  try {
    stream = await look.host.open({ host, port })
  } catch {
    return { there: false, words: `${place} is closed` }
  }
  stream.on('error', () => undefined)
  try {
    if (pattern === undefined) return { there: true, words: `${place} is open` }
    const said = await firstWords(stream, look, given.connect_timeout * 1000)
    const matches = pattern.test(said)
    return { there: matches, words: `${place} ${matches ? 'says' : 'does not say'} ${pattern.source}` }
  } finally {
    stream.destroy()
  }
}

/** What a server says before it is asked, up to a second line end or the time. */
function firstWords(stream: NodeJS.ReadableStream, look: Look, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    let said = ''
    const stop = new AbortController()
    const end = () => {
      stop.abort()
      resolve(said)
    }
    stream.on('data', (part: Buffer) => {
      said += part.toString()
      if (said.length > 65_536 || said.includes('\n')) end()
    })
    stream.once('end', end)
    stream.once('close', end)
    look.clock.sleep(timeoutMs, stop.signal).then(end, () => undefined)
  })
}

function explainWith(message: string) {
  return async () => ({ message })
}

function whatOf({ host, port, path: at, state, search_regex: pattern }: Args): string {
  const verb = state === 'started' || state === 'present' ? '' : 'not '
  const thing = at ?? `${host}:${port ?? 0}`
  if (pattern !== undefined) return `${thing} ${verb}to match ${pattern.source}`
  return at === undefined ? `${thing} ${verb}to be open` : `${thing} ${verb}to be there`
}

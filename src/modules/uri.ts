import * as z from 'zod'
import { TaskError } from '../errors.ts'
import { fileAt, type FileState } from '../facts/file.ts'
import { HttpError, httpRequest, type HttpAnswer, type HttpRequestWords } from '../facts/http.ts'
import { Secret } from '../secrets/secret.ts'
import {
  anything,
  bool,
  choice,
  converted,
  int,
  intList,
  mapping,
  path,
  secret,
  text,
  type Given,
} from './argument-types.ts'
import { defineModule, type Decision, type Look, type Values } from './module.ts'

const args = z
  .strictObject({
    url: converted('str', 'an http or https URL', urlFrom).describe('URL as seen from the host'),
    method: converted('str', 'a method', (value) =>
      typeof value === 'string' && /^[A-Za-z]+$/.test(value) ? value.toUpperCase() : undefined,
    )
      .default('GET')
      .describe('GET and HEAD only look, so check mode does them too'),
    url_username: text()
      .meta({ aliases: ['user'] })
      .optional()
      .describe('User for basic authentication'),
    url_password: secret()
      .meta({ aliases: ['password'] })
      .optional()
      .describe('Password for basic authentication'),
    force_basic_auth: bool().default(false).describe('Accepted for Ansible: with a user, it is always sent at once'),
    headers: mapping().optional().describe('More headers'),
    body: anything().optional().describe('Body; a map or list becomes JSON with body_format: json'),
    body_format: choice('raw', 'json', 'form-urlencoded').default('raw').describe('What the body is'),
    status_code: intList().default([200]).describe('Answers that are good'),
    return_content: bool().default(false).describe('Puts the body of the answer into the result'),
    validate_certs: bool().default(true).describe('false trusts any certificate'),
    ca_path: path().optional().describe('PEM file on the host with the CAs to trust, and no others'),
    follow_redirects: choice('none', 'safe', 'no').default('safe').describe('safe follows for GET and HEAD'),
    timeout: int().default(30).describe('Seconds until an answer has come'),
    creates: path().optional().describe('Path; if it exists, nothing is asked'),
    removes: path().optional().describe('Path; if it does not exist, nothing is asked'),
  })
  .refine((given) => given.url_password === undefined || given.url_username !== undefined, {
    message: 'needs "url_username"',
    path: ['url_password'],
  })
type Args = z.infer<typeof args>

interface State {
  readonly creates: FileState | undefined
  readonly removes: FileState | undefined
  readonly words: HttpRequestWords
  readonly answer: HttpAnswer | HttpError | undefined
}

const mostRedirects = 5

export const uri = defineModule<Args, State>({
  name: 'uri',
  aliases: ['ansible.builtin.uri'],
  summary: 'Sends an HTTP request from the host; TLS is verified on the controller, end to end',
  examples: `- uri:
    url: https://localhost:9200/_cluster/health
    user: elastic
    password: "{{ elastic_password }}"
    ca_path: /etc/elasticsearch/certs/http_ca.crt
    return_content: true
  register: health
`,
  args,
  neverConverges: true,
  inspect: async (look, given) => {
    const [ca, creates, removes] = await Promise.all([
      given.ca_path === undefined ? undefined : look.host.ask(fileAt(given.ca_path, { content: true })),
      given.creates === undefined ? undefined : look.host.ask(fileAt(given.creates)),
      given.removes === undefined ? undefined : look.host.ask(fileAt(given.removes)),
    ])
    const words = wordsOf(given, ca)
    const state = { creates, removes, words, answer: undefined }
    if (!onlyLooks(given) || whySkipped(state, given) !== undefined) return state
    return { ...state, answer: await answerOrError(look, words, given) }
  },
  decide: (state, given): Decision => {
    const skipped = whySkipped(state, given)
    if (skipped !== undefined) return { kind: 'keep', reason: skipped }
    const { answer, words } = state
    if (answer instanceof HttpError) {
      const { message, hint } = answer
      return { kind: 'fail', message, result: { status: -1, url: given.url }, ...(hint === undefined ? {} : { hint }) }
    }
    if (answer === undefined) {
      return {
        kind: 'change',
        change: { summary: `${given.method} ${place(given.url)}`, effects: [{ kind: 'http-request', request: words }] },
        collect: ([result = {}]) => collected(result, given),
      }
    }
    const { status, headers, body } = answer
    const result = resultOf({ status, headers, content: body.toString() }, given)
    if (!given.status_code.includes(status)) return { kind: 'fail', message: wrongStatus(status, given), result }
    return { kind: 'keep', reason: `${given.method} ${place(given.url)} answered ${status}`, result }
  },
})

function onlyLooks({ method }: Args): boolean {
  return method === 'GET' || method === 'HEAD'
}

async function answerOrError(look: Look, words: HttpRequestWords, given: Args): Promise<HttpAnswer | HttpError> {
  try {
    return await followed(look, words, given.follow_redirects === 'safe' ? mostRedirects : 0)
  } catch (thrown) {
    if (thrown instanceof HttpError) return thrown
    throw thrown
  }
}

async function followed(look: Look, words: HttpRequestWords, left: number): Promise<HttpAnswer> {
  const answer = await httpRequest(look.host, words)
  const { location } = answer.headers
  if (left === 0 || location === undefined || ![301, 302, 303, 307, 308].includes(answer.status)) return answer
  const url = new URL(location, words.url)
  const elsewhere = url.origin !== new URL(words.url).origin
  // A password is for the server it was given for.
  const headers = Object.entries(words.headers).filter(([name, value]) => !elsewhere || !isSecret(name, value))
  return followed(look, { ...words, url: url.href, headers: Object.fromEntries(headers) }, left - 1)
}

function isSecret(header: string, value: string | Secret): boolean {
  return value instanceof Secret || ['authorization', 'cookie'].includes(header)
}

function wordsOf(given: Args, ca: FileState | undefined): HttpRequestWords {
  if (ca !== undefined && (ca.kind !== 'file' || ca.content === undefined)) {
    throw new TaskError(`CA file "${given.ca_path ?? ''}" cannot be read on the host`)
  }
  const body = bodyOf(given)
  return {
    method: given.method,
    url: given.url,
    headers: { ...contentType(given), ...givenHeaders(given), ...authorization(given) },
    ...(body === undefined ? {} : { body }),
    ...(ca?.kind === 'file' ? { ca: ca.content?.toString() } : {}),
    verify: given.validate_certs ? 'full' : 'none',
    timeoutMs: given.timeout * 1000,
  }
}

function contentType({ body, body_format: format }: Args): Record<string, string> {
  if (body === undefined || format === 'raw') return {}
  return { 'content-type': format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded' }
}

function givenHeaders({ headers = {} }: Args): Record<string, string | Secret> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      value instanceof Secret ? value : String(value),
    ]),
  )
}

function authorization({ url_username: user, url_password: password }: Args): Record<string, Secret> {
  if (user === undefined) return {}
  const token = Buffer.from(`${user}:${password?.reveal() ?? ''}`).toString('base64')
  return { authorization: new Secret(`Basic ${token}`) }
}

/** A body is kept from print: what is sent to a server is often a password. */
function bodyOf({ body, body_format: format }: Args): Secret | undefined {
  if (body === undefined) return undefined
  if (body instanceof Secret) return body
  if (typeof body === 'string') return new Secret(body)
  if (format === 'form-urlencoded') return new Secret(formOf(body))
  return new Secret(jsonText(body))
}

/** Secrets inside are opened: JSON.stringify by itself would send their mask. */
function jsonText(value: unknown): string {
  return JSON.stringify(opened(value))
}

function opened(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (Array.isArray(value)) return value.map(opened)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, opened(item)]))
}

function formOf(body: Given): string {
  const pairs: [string, unknown][] = Array.isArray(body) ? (body as [string, unknown][]) : Object.entries(body)
  const form = new URLSearchParams()
  for (const [name, value] of pairs) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) form.append(name, revealed(item))
  }
  return form.toString()
}

function revealed(value: unknown): string {
  return value instanceof Secret ? value.reveal() : String(value)
}

function collected(result: Values, given: Args): Values {
  const status = Number(result['status'])
  const seen = resultOf(
    { status, headers: result['headers'] as HttpAnswer['headers'], content: String(result['content']) },
    given,
  )
  return given.status_code.includes(status) ? seen : { ...seen, failed: true, msg: wrongStatus(status, given) }
}

function resultOf(answer: Pick<HttpAnswer, 'status' | 'headers'> & { content: string }, given: Args): Values {
  const { status, headers, content } = answer
  const type = headers['content-type']
  const names = Object.entries(headers).map(([name, value]) => [name.replaceAll('-', '_'), value] as const)
  return {
    ...Object.fromEntries(names),
    status,
    url: given.url,
    ...(given.return_content || !given.status_code.includes(status) ? { content } : {}),
    ...(/json|javascript/.test(type ?? '') ? jsonOf(content) : {}),
  }
}

function jsonOf(content: string): Values {
  try {
    return { json: JSON.parse(content) as unknown }
  } catch {
    return {}
  }
}

function wrongStatus(status: number, given: Args): string {
  const wanted = given.status_code.join(' or ')
  return `${given.method} ${place(given.url)} answered ${status}, not ${wanted}`
}

function whySkipped(state: Pick<State, 'creates' | 'removes'>, { creates, removes }: Args): string | undefined {
  if (creates !== undefined && state.creates?.kind !== 'absent') return `skipped, since "${creates}" exists`
  if (removes !== undefined && state.removes?.kind === 'absent') return `skipped, since "${removes}" does not exist`
  return undefined
}

function place(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

function urlFrom(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const url = new URL(value)
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:'
  // A password in a URL would be printed with it.
  return isHttp && url.username === '' ? value : undefined
}

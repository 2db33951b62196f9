import { asError, TaskError } from '../errors.ts'
import { httpRequest } from '../facts/http.ts'
import type { Reader } from '../facts/question.ts'
import { Secret } from '../secrets/secret.ts'
import { withoutCredentials } from './https-hosts.ts'

export interface DocumentQuestion {
  /** Asked in this order until one answers. */
  readonly urls: readonly string[]
  readonly ca: string | undefined
  readonly user: string
  readonly password: Secret
  readonly index: string
  readonly agentId: string
}

/** `@timestamp` of a beat's newest document; undefined when there is none. Throws the last URL's TaskError. */
export async function newestDocument(reader: Reader, question: DocumentQuestion): Promise<Date | undefined> {
  let trouble = new TaskError('There is no address of Elasticsearch to ask')
  for (const url of question.urls) {
    try {
      return await ask(reader, question, url)
    } catch (thrown) {
      if (!(thrown instanceof TaskError)) throw thrown
      trouble = thrown
    }
  }
  throw trouble
}

async function ask(reader: Reader, question: DocumentQuestion, url: string): Promise<Date | undefined> {
  const basic = Buffer.from(`${question.user}:${question.password.reveal()}`).toString('base64')
  const query = 'size=0&ignore_unavailable=true&allow_no_indices=true'
  const answer = await httpRequest(reader, {
    method: 'POST',
    url: `${url.replace(/\/$/, '')}/${encodeURIComponent(question.index)}/_search?${query}`,
    headers: { authorization: new Secret(`Basic ${basic}`), 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(search(question.agentId))),
    ca: question.ca,
    verify: 'full',
    timeoutMs: 15_000,
  })
  const text = answer.body.toString()
  if (answer.status !== 200)
    throw new TaskError(`${withoutCredentials(url)} answered ${answer.status}: ${text.slice(0, 200)}`)
  return newestIn(text)
}

/** The id is a keyword in Metricbeat's own template and a text with a keyword below in an index made without it. */
function search(agentId: string): unknown {
  const should = ['agent.id', 'agent.id.keyword'].map((field) => ({ term: { [field]: agentId } }))
  return {
    query: { bool: { should, minimum_should_match: 1 } },
    aggs: { newest: { max: { field: '@timestamp' } } },
  }
}

function newestIn(text: string): Date | undefined {
  try {
    const body = JSON.parse(text) as { aggregations?: { newest?: { value?: number | null } } }
    const value = body.aggregations?.newest?.value
    return typeof value === 'number' ? new Date(value) : undefined
  } catch (thrown) {
    throw new TaskError(`Elasticsearch answered with something that is not JSON: ${asError(thrown).message}`)
  }
}

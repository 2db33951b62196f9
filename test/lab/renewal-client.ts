import { existsSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * A program of its own, run in the lab's network: writes and searches through all nodes at a steady rate, validates
 * every certificate, tries nothing twice unless it is told to. Configured by JSON on standard input; what came of it is printed as JSON.
 */
export interface ClientPlan {
  readonly nodes: readonly string[]
  /** What it trusts. It takes a bundle that is put in its place for the next request, and trusts nothing else then. */
  readonly caFile: string
  readonly password: string
  readonly perSecond: number
  /** Where a node cannot be connected to, or breaks off, it asks the next one, as clients of Elasticsearch do. */
  readonly triesNext?: boolean
  /** It ends when this file is there, and then or after so many seconds. */
  readonly stopFile: string
  readonly seconds: number
}

export interface ClientReport {
  readonly requests: number
  readonly failed: readonly string[]
  /** The numbers of the documents that are there, as Elasticsearch said. */
  readonly created: readonly number[]
  readonly slowestMs: number
  /** How often it has asked another node. */
  readonly retried: number
  /**
   * Documents that were there already when they were to be made, though nobody else makes them: a request that broke off
   * had been done. Elasticsearch itself asks again where the primary shard's node stops before its answer is out.
   */
  readonly conflicts: number
  readonly isStopped: boolean
  /** How many it trusted, one after the other. */
  readonly bundles: number
}

export const clientIndex = 'renewal'

if (import.meta.main)
  process.stdout.write(JSON.stringify(await drive(JSON.parse(await text(process.stdin)) as ClientPlan)))

async function drive(plan: ClientPlan): Promise<ClientReport> {
  let ca = readFileSync(plan.caFile)
  let agents = agentsThatTrust(ca)
  const retired: Agent[] = []
  const failed: string[] = []
  const created: number[] = []
  const running: Promise<void>[] = []
  let slowestMs = 0
  let retried = 0
  let conflicts = 0
  const started = Date.now()
  const isStopped = (): boolean => existsSync(plan.stopFile)
  for (let number = 0; Date.now() - started < plan.seconds * 1000 && !isStopped(); number += 1) {
    running.push(one(number))
    await pause(Math.max(0, started + ((number + 1) * 1000) / plan.perSecond - Date.now()))
  }
  await Promise.all(running)
  for (const agent of [...retired, ...agents]) agent.destroy()
  return {
    requests: running.length,
    failed,
    created,
    slowestMs,
    retried,
    conflicts,
    isStopped: isStopped(),
    bundles: retired.length / 2 + 1,
  }

  function trusting(): readonly Agent[] {
    const given = readFileSync(plan.caFile)
    if (given.equals(ca)) return agents
    ca = given
    retired.push(...agents)
    agents = agentsThatTrust(ca)
    return agents
  }

  async function one(number: number): Promise<void> {
    const begun = Date.now()
    const isWrite = number % 2 === 0
    const path = isWrite ? `/${clientIndex}/_create/${number}` : `/${clientIndex}/_search?size=1`
    const agent = trusting()[Math.floor(number / 6) % 2]!
    const tries = plan.triesNext === true ? plan.nodes.length : 1
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const node = plan.nodes[(number + attempt) % plan.nodes.length]!
      if (attempt > 0) retried += 1
      try {
        const status = await ask({ node, path, agent, body: isWrite ? JSON.stringify({ number }) : undefined })
        if (isWrite && status === 409) conflicts += 1
        else if (status >= 300) failed.push(`${node}${path}: ${status}`)
        if (isWrite && (status < 300 || status === 409)) created.push(number)
        break
      } catch (problem) {
        if (attempt === tries - 1) failed.push(`${node}${path}: ${String(problem)}`)
      }
    }
    slowestMs = Math.max(slowestMs, Date.now() - begun)
  }

  function ask(words: { node: string; path: string; agent: Agent; body: string | undefined }): Promise<number> {
    const { node, path, agent, body } = words
    return new Promise((resolve, reject) => {
      const outgoing = request({
        host: node,
        port: 9200,
        path,
        method: body === undefined ? 'GET' : 'PUT',
        agent,
        auth: `elastic:${plan.password}`,
        headers: { 'content-type': 'application/json' },
        timeout: 20_000,
      })
      outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in 20 s')))
      outgoing.once('error', reject)
      outgoing.once('response', (answer) => {
        answer.once('error', reject)
        answer.once('end', () => resolve(answer.statusCode ?? 0))
        answer.resume()
      })
      outgoing.end(body)
    })
  }
}

/** Half of the requests make a connection of their own, as a client does that has just started. */
function agentsThatTrust(ca: Buffer): readonly Agent[] {
  return [new Agent({ ca, keepAlive: true }), new Agent({ ca, keepAlive: false })]
}

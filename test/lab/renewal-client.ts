import { existsSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * A program of its own, run in the lab's network: writes and searches through all nodes at a steady rate, validates
 * every certificate, tries nothing twice. Configured by JSON on standard input; what came of it is printed as JSON.
 */
export interface ClientPlan {
  readonly nodes: readonly string[]
  readonly caFile: string
  readonly password: string
  readonly perSecond: number
  /** It ends when this file is there, and then or after so many seconds. */
  readonly stopFile: string
  readonly seconds: number
}

export interface ClientReport {
  readonly requests: number
  readonly failed: readonly string[]
  /** The numbers of the documents that Elasticsearch said it has created. */
  readonly created: readonly number[]
  readonly slowestMs: number
  readonly isStopped: boolean
}

export const clientIndex = 'renewal'

if (import.meta.main)
  process.stdout.write(JSON.stringify(await drive(JSON.parse(await text(process.stdin)) as ClientPlan)))

async function drive(plan: ClientPlan): Promise<ClientReport> {
  const ca = readFileSync(plan.caFile)
  // Half of the requests make a connection of their own, as a client does that has just started.
  const agents = [new Agent({ ca, keepAlive: true }), new Agent({ ca, keepAlive: false })] as const
  const failed: string[] = []
  const created: number[] = []
  const running: Promise<void>[] = []
  let slowestMs = 0
  const started = Date.now()
  const isStopped = (): boolean => existsSync(plan.stopFile)
  for (let number = 0; Date.now() - started < plan.seconds * 1000 && !isStopped(); number += 1) {
    running.push(one(number))
    await pause(Math.max(0, started + ((number + 1) * 1000) / plan.perSecond - Date.now()))
  }
  await Promise.all(running)
  for (const agent of agents) agent.destroy()
  return { requests: running.length, failed, created, slowestMs, isStopped: isStopped() }

  async function one(number: number): Promise<void> {
    const begun = Date.now()
    const node = plan.nodes[number % plan.nodes.length]!
    const isWrite = number % 2 === 0
    const path = isWrite ? `/${clientIndex}/_create/${number}` : `/${clientIndex}/_search?size=1`
    const agent = agents[Math.floor(number / 6) % 2]!
    try {
      const status = await ask({ node, path, agent, body: isWrite ? JSON.stringify({ number }) : undefined })
      if (status >= 300) failed.push(`${node}${path}: ${status}`)
      else if (isWrite) created.push(number)
    } catch (problem) {
      failed.push(`${node}${path}: ${String(problem)}`)
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

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DemoAccount } from './account.ts'
import { DemoError } from './demo-error.ts'
import type { DemoNode } from './node.ts'

export interface ClusterHealth {
  readonly status: string
  readonly number_of_nodes: number
}

/** Starts the nodes as an operator of an archive does: `bin/elasticsearch -d -p pid`. */
export function startNodes(
  nodes: readonly DemoNode[],
  account: DemoAccount,
  environment: Readonly<Record<string, string>>,
): void {
  for (const node of nodes) {
    const child = spawn(join(node.home, 'bin/elasticsearch'), ['-d', '-p', pidFile(node)], {
      ...(process.getuid?.() === 0 ? { uid: account.uid, gid: account.gid } : {}),
      env: { PATH: process.env['PATH'], ...environment },
      cwd: '/',
      stdio: 'ignore',
      detached: true,
    })
    child.unref()
  }
}

/** Waits until the cluster is green with all its nodes. Throws with the end of the log when it does not become so. */
export async function waitUntilGreen(
  nodes: readonly DemoNode[],
  password: string,
  tick: (text: string) => void,
): Promise<void> {
  const [first] = nodes
  if (first === undefined) throw new Error('no nodes')
  const deadline = Date.now() + 180_000
  for (;;) {
    const health = await plainHealth(first.httpPort, password)
    tick(
      health === undefined
        ? 'starting'
        : `${health.status}, ${String(health.number_of_nodes)} of ${String(nodes.length)} nodes`,
    )
    if (health?.status === 'green' && health.number_of_nodes === nodes.length) return
    if (Date.now() > deadline) throw new DemoError(`The demo's cluster did not start:\n${logTail(first)}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** What a client sees that speaks plain http. Undefined when it gets no answer. */
export async function plainHealth(port: number, password: string): Promise<ClusterHealth | undefined> {
  try {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/_cluster/health`, {
      headers: { authorization: `Basic ${Buffer.from(`elastic:${password}`).toString('base64')}` },
      signal: AbortSignal.timeout(3000),
    })
    return answer.ok ? ((await answer.json()) as ClusterHealth) : undefined
  } catch {
    return undefined
  }
}

function pidFile(node: DemoNode): string {
  return join(node.home, 'elasticsearch.pid')
}

function logTail(node: DemoNode): string {
  const file = join(node.home, 'logs/demo.log')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-20).join('\n') : '(no log)'
}

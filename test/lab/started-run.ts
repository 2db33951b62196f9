import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { ElksealEvent, ElksealRun } from './elkseal.ts'
import type { Lab } from './lab.ts'
import { namespaceOf } from './network.ts'

const program = join(import.meta.dirname, '../../bin/elkseal.js')

/** A run of elkseal that is still under way. */
export interface StartedRun {
  /** Signals elkseal's own process. */
  signal(name: 'SIGINT' | 'SIGKILL'): void
  /** Resolves at the first event that fits; fails when the run ends without one. */
  reaches(fits: (event: ElksealEvent) => boolean): Promise<void>
  readonly ended: Promise<ElksealRun>
}

/** Starts elkseal as a user would, from inside the lab's network, with its events as JSON. */
export function startElkseal(lab: Lab, words: readonly string[], { cwd }: { readonly cwd: string }): StartedRun {
  const inside = ['netns', 'exec', namespaceOf(lab.name), process.execPath, program]
  const child = spawn('ip', [...inside, ...words, '--output', 'json'], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const events: ElksealEvent[] = []
  const waiting = new Set<() => void>()
  let text = ''
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    text += chunk
    events.push(...lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as ElksealEvent))
    for (const look of waiting) look()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const ended = new Promise<ElksealRun>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, events, text }))
  })
  return {
    signal: (name) => child.kill(name),
    reaches: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!events.some(fits)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
        void ended.then(() => reject(new Error(`The run ended too early:\n${text}`)))
      }),
    ended,
  }
}

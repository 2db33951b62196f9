import { join } from 'node:path'
import type { Lab } from './lab.ts'

const program = join(import.meta.dirname, '../../bin/elkseal.js')

export interface ElksealRun {
  readonly exitCode: number | null
  /** The lines of `--output json`. */
  readonly events: readonly ElksealEvent[]
  /** Everything it printed. */
  readonly text: string
}

export interface ElksealEvent {
  readonly event: string
  readonly play?: string
  readonly task?: string
  readonly module?: string
  readonly host?: string
  readonly status?: string
  readonly changes?: readonly string[]
  readonly summary?: string
  readonly hint?: string
  readonly duration_ms?: number
  /** Of a notice or a problem. */
  readonly message?: string
  readonly hosts?: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly ok?: boolean
  readonly checks?: readonly { readonly name: string; readonly host: string; readonly ok: boolean }[]
}

/** Runs elkseal as a user would, from inside the lab's network, with its events as JSON. */
export async function elkseal(
  lab: Lab,
  words: readonly string[],
  options: { readonly cwd: string },
): Promise<ElksealRun> {
  const output = await lab.exec([process.execPath, program, ...words, '--output', 'json'], options)
  const lines = output.stdout.split('\n').filter((line) => line.startsWith('{'))
  return {
    exitCode: output.exitCode,
    events: lines.map((line) => JSON.parse(line) as ElksealEvent),
    text: output.stdout + output.stderr,
  }
}

/** What a run changed, or with --check would change: one sorted line for each change on each host. */
export function changesOf({ events }: ElksealRun): readonly string[] {
  const tasks = events.filter((event) => event.event === 'task' && event.status === 'changed')
  return tasks
    .flatMap(({ host = '', task = '', changes = [] }) => changes.map((change) => `${host}: ${task}: ${change}`))
    .sort()
}

export function recapOf({ events }: ElksealRun): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const recap = events.find((event) => event.event === 'recap')
  return recap?.hosts ?? {}
}

import { startFailure } from './start-failure.ts'

/** Elasticsearch's last word on a file of keys that it watches. */
export type ReloadTrace =
  /** As the log has it: `2026-11-24T20:40:46,123`, in the node's time zone. */
  | { readonly kind: 'reloaded'; readonly at: string }
  | { readonly kind: 'failed'; readonly at: string; readonly cause: string }

/**
 * Looks for the last reload of `path` in a node's log. A reload that failed stands nowhere else: no API tells, and the
 * node serves the old certificate until its next start, which fails (measured on 7.17, 8.19 and 9.5).
 */
export function lastReload(log: string, path: string): ReloadTrace | undefined {
  return entriesOf(log)
    .map((entry) => traceOf(entry, path))
    .findLast((trace) => trace !== undefined)
}

interface Entry {
  readonly at: string
  /** With the lines of its stack trace. */
  readonly text: string
}

/** A line that begins with a time begins an entry. */
function entriesOf(log: string): readonly Entry[] {
  return log
    .split(/\n(?=\[\d{4}-\d\d-\d\dT)/)
    .map((text) => ({ at: /^\[([^\]]+)\]/.exec(text)?.[1] ?? '', text }))
    .filter(({ at }) => at !== '')
}

function traceOf({ at, text }: Entry, path: string): ReloadTrace | undefined {
  const [head = ''] = text.split('\n', 1)
  if (!text.includes(`[${path}]`)) return undefined
  // 7.17: "reloaded [FILE] and updated ssl contexts using this file"; later: "updated 1 ssl contexts in … using file [FILE]".
  if (/\.SSLConfigurationReloader *\]/.test(head) && /\[INFO *\]/.test(head) && /updated/.test(head)) {
    return { kind: 'reloaded', at }
  }
  if (!/\.(?:FileWatcher|SSLConfigurationReloader) *\]/.test(head) || !/\[(?:WARN|ERROR) *\]/.test(head))
    return undefined
  const cause = startFailure({ log: text, console: '' })?.cause ?? head
  return { kind: 'failed', at, cause }
}

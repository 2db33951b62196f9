import { startFailure } from './start-failure.ts'

/** Elasticsearch's last word on a file of keys that it watches. */
export type ReloadTrace =
  /** As the log has it: `2026-11-24T20:40:46,123`, in the node's time zone. */
  | { readonly kind: 'reloaded'; readonly at: string }
  | { readonly kind: 'failed'; readonly at: string; readonly cause: string }

/**
 * The last reload of `path` in a node's log, not before `since`, a time in the form of that log. A reload that failed
 * stands nowhere else: no API tells, and the node serves the old certificate until its next start, which fails
 * (measured on 7.17, 8.19 and 9.5). Of some failures 7.17 does not say which file they are of (measured with one p12 as
 * keystore and truststore): those are believed where nothing tells of the file by name.
 */
export function lastReload(log: string, path: string, since = ''): ReloadTrace | undefined {
  const entries = entriesOf(log).filter(({ at }) => at >= since)
  return lastTrace(entries.filter(({ text }) => text.includes(`[${path}]`))) ?? lastTrace(entries.filter(isNameless))
}

function lastTrace(entries: readonly Entry[]): ReloadTrace | undefined {
  return entries.map(traceOf).findLast((trace) => trace !== undefined)
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

/** A failed reload of keys or trust that names no file at all. */
function isNameless({ text }: Entry): boolean {
  return text.includes('SSLConfigurationReloader') && !/\[\/[^\]]*\]/.test(text)
}

function traceOf({ at, text }: Entry): ReloadTrace | undefined {
  const [head = ''] = text.split('\n', 1)
  // 7.17: "reloaded [FILE] and updated ssl contexts using this file"; later: "updated 1 ssl contexts in … using file [FILE]".
  if (/\.SSLConfigurationReloader *\]/.test(head) && /\[INFO *\]/.test(head) && /updated/.test(head)) {
    return { kind: 'reloaded', at }
  }
  if (!/\.(?:FileWatcher|SSLConfigurationReloader) *\]/.test(head) || !/\[(?:WARN|ERROR) *\]/.test(head))
    return undefined
  const cause = startFailure({ log: text, console: '' })?.cause ?? head
  return { kind: 'failed', at, cause }
}

import { quote } from '../connection/quote.ts'
import type { Question } from './question.ts'

/** The end of a node's log, and when a file was last written, both in the time of that host. */
export interface LogSinceFile {
  readonly log: string
  /** `2026-11-24T20:40:46,123`, or to the second where the host tells no more; undefined when the file is not there. */
  readonly writtenAt: string | undefined
}

/** Whether an entry of the log is about this version of the file can be told by its time alone. */
export function logSinceFile(logFile: string, file: string): Question<LogSinceFile> {
  return {
    // Elasticsearch writes its log by itself: no answer is ever kept.
    subjects: ['*'],
    script: [
      // As fine as the log: what it says of the version before may be of the same second.
      `t=$(stat -L -c %.3Y -- ${quote(file)} 2>/dev/null) || t=`,
      `[ -z "$t" ] || w=$(date -d "@$t" +%Y-%m-%dT%H:%M:%S,%3N 2>/dev/null) || w=$(date -d "@\${t%.*}" +%Y-%m-%dT%H:%M:%S)`,
      `printf '%s\\n' "\${t:+$w}"`,
      `tail -c 262144 -- ${quote(logFile)} 2>/dev/null`,
      'exit 0',
    ].join('\n'),
    parse: ({ stdout }) => {
      const text = stdout.toString('utf8')
      const end = text.indexOf('\n')
      const writtenAt = text.slice(0, end)
      return { log: text.slice(end + 1), writtenAt: writtenAt === '' ? undefined : writtenAt }
    },
  }
}

import { quote } from '../connection/quote.ts'
import type { Question } from './question.ts'

/** What a start of Elasticsearch left behind. */
export interface StartTracesText {
  readonly log: string
  readonly console: string
}

export interface TracesPlace {
  readonly logFile: string
  /** The systemd unit, or undefined: then `consoleFile` holds what the daemon printed. */
  readonly service?: string | undefined
  readonly consoleFile?: string | undefined
}

const mark = '\u0001console\u0001'

/** The end of the log file, and the journal of the unit's last start. */
export function elasticsearchTraces(place: TracesPlace): Question<StartTracesText> {
  const consoleScript =
    place.service === undefined
      ? `tail -c 65536 -- ${quote(place.consoleFile ?? '/dev/null')} 2>/dev/null`
      : [
          `id=$(systemctl show -p InvocationID --value -- ${quote(place.service)} 2>/dev/null)`,
          `[ -n "$id" ] && journalctl "_SYSTEMD_INVOCATION_ID=$id" -n 300 --no-pager -o cat 2>/dev/null | tail -c 65536`,
        ].join('\n')
  return {
    subjects: ['*'],
    script: [
      `tail -c 262144 -- ${quote(place.logFile)} 2>/dev/null`,
      `printf '\\001console\\001'`,
      consoleScript,
      'exit 0',
    ].join('\n'),
    parse: ({ stdout }) => {
      const [log = '', console = ''] = stdout.toString('utf8').split(mark)
      return { log, console }
    },
  }
}

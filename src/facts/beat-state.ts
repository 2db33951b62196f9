import { quote } from '../connection/quote.ts'
import { fieldsOf, fileField } from './installation-fields.ts'
import { hostSeconds } from './host-seconds.ts'
import type { Question } from './question.ts'

export interface BeatPlace {
  readonly service: string
  readonly pathData: string
  /** The beat's command with its paths, as sh words. */
  readonly command: string
  readonly caFile?: string | undefined
}

export interface BeatState {
  /** The host's clock. */
  readonly now: Date
  /** Undefined when the unit has no process. */
  readonly startedAt: Date | undefined
  readonly agentId: string | undefined
  /** The last line of `test output` when it fails. */
  readonly outputTrouble: string | undefined
  /** The CA file's text. */
  readonly ca: string | undefined
}

/** What a running beat says of itself. `test output` opens a connection of its own and changes nothing. */
export function beatState(place: BeatPlace): Question<BeatState> {
  const unit = place.service.includes('.') ? place.service : `${place.service}.service`
  return {
    subjects: ['*'],
    script: [
      `now=$(date +%s.%N); read -r uptime rest < /proc/uptime; printf 'now=%s\\nuptime=%s\\n' "$now" "$uptime"`,
      `pid=$(systemctl show -p MainPID --value -- ${quote(unit)} 2>/dev/null)`,
      `stat=$(cat "/proc/$pid/stat" 2>/dev/null) && { set -- \${stat##*) }; printf 'ticks=%s\\n' "\${20}"; }`,
      `meta=${quote(`${place.pathData}/meta.json`)}`,
      `[ -f "$meta" ] && printf 'agent=%s\\n' "$(sed -n 's/.*"uuid": *"\\([^"]*\\)".*/\\1/p' "$meta" | head -n 1)"`,
      ...(place.caFile === undefined
        ? []
        : [`[ -f ${quote(place.caFile)} ] && printf 'ca=%s\\n' "$(base64 < ${quote(place.caFile)} | tr -d '\\n')"`]),
      `said=$(timeout 60 ${place.command} test output 2>&1 </dev/null) || printf 'trouble=%s\\n' "$(printf '%s' "$said" | grep -v '^ *$' | tail -n 1)"`,
      'exit 0',
    ].join('\n'),
    parse: (output) => parse(output.stdout.toString()),
  }
}

function parse(text: string): BeatState {
  const fields = fieldsOf(text)
  const [uptime = NaN, ticks = NaN] = ['uptime', 'ticks'].map((name) => Number(fields.get(name) ?? NaN))
  const now = hostSeconds(fields.get('now') ?? '')
  const started = now - uptime + ticks / 100
  return {
    now: new Date(now * 1000),
    startedAt: Number.isNaN(started) ? undefined : new Date(started * 1000),
    agentId: fields.get('agent') || undefined,
    outputTrouble: fields.get('trouble')?.trim(),
    ca: fileField(fields, 'ca')?.toString(),
  }
}

import { quote } from '../connection/quote.ts'
import type { Forecast } from './forecast.ts'
import { hostSeconds } from './host-seconds.ts'
import type { Question } from './question.ts'

export interface ServiceFreshness {
  readonly known: boolean
  /** No systemd is there that could know it. */
  readonly noSystemd?: boolean
  readonly active: boolean
  readonly activeState: string
  /** Files that changed after the service's process started, or would have. Empty when it does not run. */
  readonly newer: readonly string[]
}

/**
 * Whether a unit runs with its files as they are. Its process is compared, not the moment the unit became active:
 * files are read when the process starts, and a start can take half a minute. To a hundredth of a second, from
 * /proc/PID/stat (field 22, in ticks of 1/100 s since boot), so that a write right before a restart counts as older.
 */
export function serviceFreshness(name: string, files: readonly string[]): Question<ServiceFreshness> {
  const unit = name.includes('.') ? name : `${name}.service`
  return {
    subjects: [`service:${name}`, ...files.map((file) => `file:${file}` as const)],
    script: [
      `command -v systemctl >/dev/null || { echo load=no-systemd; exit 0; }`,
      `unit=${quote(unit)}`,
      `printf 'load=%s\\n' "$(systemctl show -p LoadState --value -- "$unit" 2>/dev/null)"`,
      `printf 'state=%s\\n' "$(systemctl show -p ActiveState --value -- "$unit" 2>/dev/null)"`,
      `pid=$(systemctl show -p MainPID --value -- "$unit" 2>/dev/null)`,
      `now=$(date +%s.%N); read -r uptime rest < /proc/uptime`,
      // Where systemd is not at work it names no process at all, and /proc//stat is the machine's.
      // The command name, field 2, may hold blanks: count behind its closing parenthesis.
      `stat=$(cat "/proc/\${pid:-0}/stat" 2>/dev/null) && { set -- \${stat##*) }; printf 'now=%s\\nuptime=%s\\nticks=%s\\n' "$now" "$uptime" "\${20}"; }`,
      ...files.map((file) => `printf 'file:%s=%s\\n' ${quote(file)} "$(stat -L -c %.Z -- ${quote(file)} 2>/dev/null)"`),
      'exit 0',
    ].join('\n'),
    parse: (output) => parse(output.stdout.toString(), files),
    foresee: (forecast) => foresee(forecast, name, files),
  }
}

function parse(text: string, files: readonly string[]): ServiceFreshness {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.lastIndexOf('=')), line.slice(line.lastIndexOf('=') + 1)]),
  )
  const activeState = fields.get('state') ?? 'inactive'
  const [uptime = NaN, ticks = NaN] = ['uptime', 'ticks'].map((name) => Number(fields.get(name) ?? NaN))
  const now = fields.get('now')
  const started = now === undefined ? NaN : hostSeconds(now) - uptime + ticks / 100
  return {
    known: fields.get('load') === 'loaded',
    ...(fields.get('load') === 'no-systemd' ? { noSystemd: true } : {}),
    active: ['active', 'activating', 'reloading'].includes(activeState),
    activeState,
    newer: files.filter((file) => Number(fields.get(`file:${file}`) || NaN) > started),
  }
}

/** A file that would be written is newer than the process, unless the service would have been started after it. */
function foresee(forecast: Forecast, name: string, files: readonly string[]): ServiceFreshness | undefined {
  const service = forecast.service(name)
  if (service !== undefined) {
    const newer = service.active ? files.filter((file) => forecast.changesAfter(file, name)) : []
    return { known: service.known, active: service.active, activeState: service.activeState, newer }
  }
  const newer = files.filter((file) => forecast.file(file) !== undefined || forecast.keystore(file) !== undefined)
  return newer.length === 0 ? undefined : { known: true, active: true, activeState: 'active', newer }
}

import { quote } from '../connection/quote.ts'
import type { Question } from './question.ts'
import type { ServiceState } from './service-state.ts'

export type { ServiceState } from './service-state.ts'

/** A systemd unit's state; `known: false` also where there is no systemd. */
export function serviceNamed(name: string): Question<ServiceState> {
  const unit = name.includes('.') ? name : `${name}.service`
  return {
    subjects: [`service:${name}`],
    // LoadState not-found is no error for `systemctl show`. Old ones have no --timestamp=unix, but all know TZ.
    script: [
      `command -v systemctl >/dev/null || { echo LoadState=no-systemd; exit 0; }`,
      `TZ=UTC systemctl show -p LoadState,ActiveState,UnitFileState,MainPID,ActiveEnterTimestamp,Result,ExecMainStatus -- ${quote(unit)} 2>&1`,
      'exit 0',
    ].join('\n'),
    parse: (output) => parseService(output.stdout.toString()),
    foresee: (forecast) => forecast.service(name),
    lasting: (state) => ({ of: `service:${name}`, words: lastingWords(state) }),
  }
}

/** Not its process and not since when: a restart alone changes no decision but such as say so. */
function lastingWords({ known, active, activeState, enabled }: ServiceState): string {
  if (!known) return 'unknown'
  return `${active ? 'active' : activeState}, ${enabled ? 'enabled' : 'disabled'}`
}

function parseService(text: string): ServiceState {
  const fields = new Map(
    text.split('\n').map((line) => {
      const equals = line.indexOf('=')
      return [line.slice(0, equals), line.slice(equals + 1)] as const
    }),
  )
  const activeState = fields.get('ActiveState') ?? 'inactive'
  const active = activeState === 'active' || activeState === 'reloading'
  return {
    known: fields.get('LoadState') === 'loaded',
    ...(fields.get('LoadState') === 'no-systemd' ? { noSystemd: true } : {}),
    active,
    activeState,
    enabled: (fields.get('UnitFileState') ?? '').startsWith('enabled'),
    mainPid: Number(fields.get('MainPID') ?? 0),
    activeSince: active ? secondsOf(fields.get('ActiveEnterTimestamp') ?? '') : undefined,
    result: fields.get('Result') ?? '',
    execMainStatus: Number(fields.get('ExecMainStatus') ?? 0),
  }
}

/** Of `Tue 2026-11-24 20:33:59 UTC`; undefined for none (empty, or n/a). */
function secondsOf(timestamp: string): number | undefined {
  const [, day, time] = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? UTC$/.exec(timestamp) ?? []
  return day === undefined || time === undefined ? undefined : Date.parse(`${day}T${time}Z`) / 1000
}

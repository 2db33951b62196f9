import type { Output } from '../../connection/connection.ts'
import { quote } from '../../connection/quote.ts'
import { TaskError, type ErrorDetails } from '../../errors.ts'
import { serviceNamed } from '../../facts/service.ts'
import type { ServiceAction, SetService } from '../../modules/effect.ts'
import type { Secret } from '../../secrets/secret.ts'
import { backupKey, codes, notSavedScript, openBackupScript, undoneOf } from './backup.ts'
import type { EffectKind, Performer } from './effect-kind.ts'
import { reasonOf } from './host-script.ts'
import type { Undone, UndoService } from './undoing.ts'

const actionFailed = 30
const enableFailed = 31
const reloadFailed = 32
const journalMark = '--- journal ---'

type Named = Pick<SetService, 'name' | 'action' | 'scripts' | 'enabled'>

/** A service that did not do as told, with what systemd says of it. */
export class ServiceError extends TaskError {
  readonly service: string
  /** systemd's properties: ActiveState, SubState, Result, ExecMainStatus. Empty without systemd. */
  readonly properties: Readonly<Record<string, string>>
  /** The unit's last lines in the journal. */
  readonly journal: readonly string[]

  constructor(
    message: string,
    found: { service: string; properties: Record<string, string>; journal: string[] },
    details: ErrorDetails,
  ) {
    super(message, details)
    this.service = found.service
    this.properties = found.properties
    this.journal = found.journal
  }
}

export const setService: EffectKind<SetService> = {
  // A service that starts or stops can change what the host answers anywhere.
  subjects: () => ['*'],

  perform: async (effect, host) => {
    const script = effect.scripts === undefined ? systemdScript(effect, host) : daemonScript(effect, host)
    const output = await host.shell.run({ script, stdin: effect.stdin, timeoutMs: effect.timeoutMs })
    if (output.code !== 0) throw describeFailure(effect, output)
    return { name: effect.name, status: propertiesOf(output.stdout.toString()) }
  },

  forecast: async (effect, host) => {
    const before = await host.reader.ask(serviceNamed(effect.name))
    const { action } = effect
    const active = action === undefined ? before.active : action !== 'stop'
    const restarted = action === 'restart' || (action === 'start' && !before.active)
    const now = Math.floor(host.clock.now().getTime() / 1000)
    host.forecast.setService(effect.name, {
      ...before,
      active,
      activeState: action === undefined ? before.activeState : active ? 'active' : 'inactive',
      enabled: effect.enabled ?? before.enabled,
      mainPid: active && !restarted ? before.mainPid : 0,
      activeSince: restarted ? now : active ? before.activeSince : undefined,
    })
    return 'known'
  },

  undoing: ({ name, action, scripts, timeoutMs, stdin }) => ({
    kind: 'service',
    name,
    action,
    scripts,
    timeoutMs,
    asksPassword: stdin !== undefined,
  }),
}

export interface ServiceUndoing {
  /** What its start reads. */
  readonly stdin: Secret | undefined
  /** It runs with what it ran with before, unless it is down. */
  readonly onlyIfDown: boolean
}

/** Makes a service run, or not, as it did before the run; one that ran is restarted with the files that were put back. */
export async function undoService(undoing: UndoService, host: Performer, how: ServiceUndoing): Promise<Undone> {
  if (host.backupDir === undefined) return { kind: 'not kept' }
  const actScript = undoing.scripts === undefined ? undoSystemdScript(undoing, how) : undoDaemonScript(undoing, how)
  const k = quote(`${host.backupDir}/${stateKey(undoing)}`)
  const script = [`k=${k}`, `[ -e "$k" ] || ${notSavedScript(host)}`, actScript].join('\n')
  const output = await host.shell.run({ script, stdin: how.stdin, timeoutMs: undoing.timeoutMs })
  const undone = undoneOf(output)
  if (undone !== undefined) return undone
  if (output.code !== 0) throw describeFailure(undoing, output)
  return { kind: 'put back' }
}

function systemdScript(effect: SetService, host: Performer): string {
  const unit = quote(unitOf(effect.name))
  const lines = [noteStateScript(effect, host, `systemctl show -p ActiveState,UnitFileState -- ${unit}`)]
  if (effect.daemonReload === true) lines.push(`systemctl daemon-reload || exit ${reloadFailed}`)
  if (effect.resetStartLimit === true) lines.push(`systemctl reset-failed -- ${unit} 2>/dev/null`)
  if (effect.enabled === true && effect.action === 'start') return [...lines, enableNowScript(unit)].join('\n')
  if (effect.enabled !== undefined) {
    lines.push(`systemctl ${effect.enabled ? 'enable' : 'disable'} -- ${unit} >&2 || exit ${enableFailed}`)
  }
  lines.push(effect.action === undefined ? showScript(unit) : actionScript(effect.action, unit))
  return lines.join('\n')
}

/** Both by one of systemctl's processes, which are the slow ones. */
function enableNowScript(unit: string): string {
  const otherwise = `systemctl is-enabled -q -- ${unit} >&2 || exit ${enableFailed}`
  return outcomeScript(`systemctl enable --now -- ${unit} >&2 || { ${otherwise}; false; }`, 'start', unit)
}

function actionScript(action: ServiceAction, unit: string): string {
  return outcomeScript(`systemctl ${action} -- ${unit} >&2`, action, unit)
}

function outcomeScript(command: string, action: ServiceAction, unit: string): string {
  return [
    `if ${command}; then r=0; else r=1; fi`,
    `s=$(${showScript(unit)}); printf '%s\\n' "$s"`,
    // A simple service that dies at once was "started" all the same.
    action === 'stop' ? ':' : `case $s in *ActiveState=failed*) r=1;; esac`,
    `if [ $r -ne 0 ]; then`,
    `  echo '${journalMark}'`,
    `  journalctl -u ${unit} -n 20 --no-pager -o cat 2>/dev/null`,
    `  exit ${actionFailed}`,
    `fi`,
  ].join('\n')
}

function showScript(unit: string): string {
  return `systemctl show -p ActiveState,SubState,Result,ExecMainStatus,MainPID,UnitFileState -- ${unit}`
}

function daemonScript(effect: SetService, host: Performer): string {
  const script = effect.action === undefined ? ':' : scriptFor(effect, effect.action)
  return [
    noteStateScript(effect, host, `echo ${effect.action ?? 'none'}`),
    `(\n${script}\n) || exit ${actionFailed}`,
  ].join('\n')
}

function scriptFor(effect: Named, action: ServiceAction): string {
  const script = effect.scripts?.[action]
  if (script !== undefined) return script
  const { stop, start } = effect.scripts ?? {}
  if (action === 'restart' && stop !== undefined && start !== undefined) return `(\n${stop}\n) && (\n${start}\n)`
  throw new TaskError(`Nothing is known about how to ${action} "${effect.name}"`)
}

/** Keeps the state before the first effect, for undo. */
function noteStateScript(effect: SetService, host: Performer, state: string): string {
  if (host.backupDir === undefined) return ':'
  return [
    openBackupScript(host, 'exit 1'),
    `k="$b/${stateKey(effect)}"`,
    `if [ -n "$b" ] && [ ! -e "$k" ]; then`,
    `  { ${state}; } > "$k" 2>/dev/null`,
    `  printf 'service %s %s\\n' ${stateKey(effect)} ${quote(effect.name)} >> "$b/manifest" || exit 1`,
    `fi`,
  ].join('\n')
}

function undoSystemdScript(undoing: UndoService, { onlyIfDown }: ServiceUndoing): string {
  const unit = quote(unitOf(undoing.name))
  return [
    `active= enabled=`,
    `while IFS='=' read -r name value; do`,
    `  case $name in ActiveState) active=$value;; UnitFileState) enabled=$value;; esac`,
    `done < "$k"`,
    `systemctl daemon-reload`,
    `case $enabled in enabled) systemctl enable -- ${unit} >&2;; disabled) systemctl disable -- ${unit} >&2;; esac`,
    `case $active in`,
    `active|activating|reloading)`,
    onlyIfDown ? `systemctl is-active -q -- ${unit} && exit ${codes.asBefore}` : ':',
    `systemctl reset-failed -- ${unit} 2>/dev/null`,
    `${actionScript('restart', unit)};;`,
    `*)`,
    onlyIfDown ? `systemctl is-active -q -- ${unit} || exit ${codes.asBefore}` : ':',
    `${actionScript('stop', unit)};;`,
    `esac`,
  ].join('\n')
}

function undoDaemonScript(undoing: UndoService, { onlyIfDown }: ServiceUndoing): string {
  // A daemon whose first action was a start was not running.
  return [
    `read -r first < "$k"`,
    `if [ "$first" = start ]; then (\n${scriptFor(undoing, 'stop')}\n) || exit ${actionFailed}`,
    onlyIfDown
      ? `else exit ${codes.asBefore}; fi`
      : `else (\n${scriptFor(undoing, 'restart')}\n) || exit ${actionFailed}; fi`,
  ].join('\n')
}

function describeFailure(effect: Named, output: Output): TaskError {
  const { name, action } = effect
  const [shown = '', ...rest] = output.stdout.toString().split(`${journalMark}\n`)
  const found = {
    service: name,
    properties: propertiesOf(shown),
    journal: rest
      .join('')
      .split('\n')
      .filter((line) => line !== ''),
  }
  const said = reasonOf(output).text
  if (output.code === reloadFailed) return new ServiceError(`systemd cannot reload its units: ${said}`, found, {})
  if (output.code === enableFailed) {
    const verb = effect.enabled === true ? 'enabled' : 'disabled'
    return new ServiceError(`Service "${name}" cannot be ${verb}: ${said}`, found, {})
  }
  const { Result: result = '', ExecMainStatus: status = '', ActiveState: state = '' } = found.properties
  const why = state === '' ? said : `it is ${state} (Result ${result}, exit status ${status})`
  const journal = found.journal.length === 0 ? '' : `Its last lines in the journal:\n${found.journal.join('\n')}`
  const hint = journal === '' ? (state === '' ? undefined : said) : journal
  return new ServiceError(`Service "${name}" did not ${action ?? 'restart'}: ${why}`, found, { hint })
}

function propertiesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\n')
      .map((line) => /^(\w+)=(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, name = '', value = '']) => [name, value]),
  )
}

function unitOf(name: string): string {
  return name.includes('.') ? name : `${name}.service`
}

function stateKey(effect: Named): string {
  return `service-${backupKey(effect.name)}`
}

import * as z from 'zod'
import { quote } from '../connection/quote.ts'
import type { Question } from '../facts/question.ts'
import { serviceNamed, type ServiceState } from '../facts/service.ts'
import { bool, choice, filledText } from './argument-types.ts'
import type { Effect, ServiceAction } from './effect.ts'
import { defineModule, type Decision } from './module.ts'

interface State {
  readonly service: ServiceState | undefined
  readonly needsReload: boolean
}

const args = z.strictObject({
  name: filledText()
    .meta({ aliases: ['service', 'unit'] })
    .optional()
    .describe('Unit, with or without ".service"'),
  state: choice('started', 'stopped', 'restarted', 'reloaded').optional().describe('What the unit is to do'),
  enabled: bool().optional().describe('Whether it starts with the machine'),
  daemon_reload: bool()
    .meta({ aliases: ['daemon-reload'] })
    .default(false)
    .describe('Lets systemd read unit files again first, if any of them changed'),
})
type Args = z.infer<typeof args>

export const systemdService = defineModule<Args, State>({
  name: 'systemd_service',
  aliases: [
    'ansible.builtin.systemd_service',
    'systemd',
    'ansible.builtin.systemd',
    'service',
    'ansible.builtin.service',
    'ansible.legacy.service',
  ],
  summary: 'Starts, stops, restarts, reloads and enables a systemd unit',
  examples: `- name: Elasticsearch runs, and starts with the machine
  systemd_service:
    name: elasticsearch
    state: started
    enabled: true
    daemon_reload: true
`,
  args: args.refine((given) => given.name !== undefined || (given.state === undefined && given.enabled === undefined), {
    message: 'required for "state" and "enabled"',
    path: ['name'],
  }),
  inspect: async (look, { name, daemon_reload: reload }) => {
    const [service, needsReload] = await Promise.all([
      name === undefined ? undefined : look.host.ask(serviceNamed(name)),
      reload ? look.host.ask(unitFilesChanged(name)) : false,
    ])
    return { service, needsReload }
  },
  decide: ({ service, needsReload }, given): Decision => {
    const { name = 'systemd' } = given
    if (given.name !== undefined && service?.known !== true && !needsReload) {
      return service?.noSystemd === true
        ? { kind: 'fail', message: `There is no systemd on this host, so no unit "${name}"` }
        : { kind: 'fail', message: `No unit "${name}" is known to systemd` }
    }
    const action = service === undefined ? undefined : actionFor(given.state, service)
    const enabled = service?.enabled === given.enabled ? undefined : given.enabled
    const result = { name, ...(given.state === undefined ? {} : { state: given.state }), ...statusOf(service) }
    const words = [
      ...(needsReload ? ['unit files read again'] : []),
      ...(action === undefined ? [] : [actionWords[action]]),
      ...(enabled === undefined ? [] : [enabled ? 'enabled' : 'disabled']),
    ]
    if (words.length === 0)
      return { kind: 'keep', reason: `"${name}" is ${service?.activeState ?? 'as wanted'}`, result }
    const effect: Effect = { kind: 'set-service', name, action, enabled, daemonReload: needsReload }
    return { kind: 'change', change: { summary: `${name}: ${words.join(', ')}`, effects: [effect] }, result }
  },
})

const actionWords = { start: 'started', stop: 'stopped', restart: 'restarted', reload: 'reloaded' } as const

function actionFor(wanted: Args['state'], service: ServiceState): ServiceAction | undefined {
  const running = service.active || service.activeState === 'activating'
  switch (wanted) {
    case 'started':
      return running ? undefined : 'start'
    case 'stopped':
      return running || service.activeState === 'deactivating' ? 'stop' : undefined
    case 'restarted':
      return 'restart'
    case 'reloaded':
      return running ? 'reload' : 'start'
    case undefined:
      return undefined
  }
}

function statusOf(service: ServiceState | undefined) {
  if (service === undefined) return {}
  const { activeState, mainPid, enabled } = service
  return { enabled, status: { ActiveState: activeState, MainPID: String(mainPid) } }
}

/** Whether a unit's file (or any loaded unit's) is newer than what systemd knows of it. */
function unitFilesChanged(name: string | undefined): Question<boolean> {
  const unit = name === undefined ? `'*'` : quote(name.includes('.') ? name : `${name}.service`)
  return {
    subjects: ['file:/etc/systemd/system', 'file:/usr/lib/systemd/system', 'file:/lib/systemd/system'],
    script: `systemctl show -p NeedDaemonReload -- ${unit} 2>/dev/null | grep -qx NeedDaemonReload=yes && echo yes; exit 0`,
    parse: (output) => output.stdout.toString().trim() === 'yes',
  }
}

import * as z from 'zod'
import { startFailure } from '../elastic/start-failure.ts'
import { elasticsearchProcess, type DaemonProcess } from '../facts/elasticsearch.ts'
import { elasticsearchTraces } from '../facts/elasticsearch-traces.ts'
import { fileAt } from '../facts/file.ts'
import type { Question } from '../facts/question.ts'
import { serviceNamed, type ServiceState } from '../facts/service.ts'
import { choice, filledText, int, path, secret, text, textList } from './argument-types.ts'
import { consoleFile, daemonScripts, protectedUnitScripts } from './elasticsearch-daemon.ts'
import { Secret } from '../secrets/secret.ts'
import type { ServiceAction, SetService } from './effect.ts'
import { defineModule, type Context, type Decision, type Look } from './module.ts'
import { pendingKeystoreChanges } from './keystore-now.ts'
import { renderedVariable } from './task-variables.ts'

const args = z.strictObject({
  state: choice('current', 'started', 'stopped', 'restarted', 'stopped_if_outdated')
    .default('current')
    .describe(
      'current: restarted when it runs with older files than there are, and started when it is down; stopped_if_outdated: stopped in the first of these cases.',
    ),
  service: text()
    .optional()
    .meta({ aliases: ['name'] })
    .describe('The systemd unit; empty for an archive installation. Default: what elasticsearch_facts found.'),
  home: path().optional().describe('Installation folder. Default: what elasticsearch_facts found.'),
  path_conf: path().optional().describe('Folder of elasticsearch.yml. Default: what elasticsearch_facts found.'),
  user: filledText()
    .optional()
    .describe('The account an archive installation runs as. Default: what elasticsearch_facts found.'),
  log_file: path()
    .optional()
    .describe('Where the cause of a failed start stands. Default: what elasticsearch_facts found.'),
  files: textList()
    .optional()
    .describe('Files that are read at a start only. Default: elasticsearch.yml and elasticsearch.keystore.'),
  keystore_password: secret()
    .optional()
    .describe('Password of a protected keystore: a start needs it. Never written to a disk.'),
  timeout: int().default(900).describe('Seconds for a start or stop; as long as the package allows.'),
})

type Args = z.infer<typeof args>

interface Installation {
  /** The name under which the service is known to the engine; for an archive it stands for its folder. */
  readonly name: string
  readonly unit: string | undefined
  readonly home: string
  readonly pathConf: string
  readonly user: string
  readonly logFile: string
}

interface State {
  readonly installation: Installation
  readonly service: ServiceState
  /** When the running process started, seconds since 1970. */
  readonly startedAt: number | undefined
  /** Files that are newer than the process. */
  readonly newer: readonly string[]
}

export const elasticsearchService = defineModule({
  name: 'elasticsearch_service',
  aliases: ['elkseal.elastic.elasticsearch_service'],
  summary:
    'Starts, stops and restarts Elasticsearch, as a unit or as an archive installation; by itself only when its files are newer than its process.',
  examples: `
- name: Restart a node whose files are newer than its start
  elasticsearch_service:
    state: current
`,
  args,
  inspect,
  decide: (state, wish, context) => {
    const action = actionFor(state, wish)
    const { active } = state.service
    if (state.installation.unit !== undefined && !state.service.known) {
      return {
        kind: 'fail',
        message: `There is no systemd unit "${state.installation.unit}"`,
        hint: 'Set elasticsearch_service, to an empty text for an archive installation',
      }
    }
    const since = state.startedAt === undefined ? '' : ` since ${new Date(state.startedAt * 1000).toISOString()}`
    if (action === undefined) {
      const reason = !active
        ? 'is stopped'
        : wish.state === 'current'
          ? `runs with its current files${since}`
          : `runs${since}`
      return { kind: 'keep', reason: `Elasticsearch ${reason}`, result: { state: active ? 'started' : 'stopped' } }
    }
    return change(state, { action, wish, context })
  },
})

async function inspect(look: Look, wish: Args): Promise<State> {
  const installation = installationOf(look, wish)
  const files = wish.files ?? [`${installation.pathConf}/elasticsearch.yml`]
  const keystore = `${installation.pathConf}/elasticsearch.keystore`
  const watched = wish.files === undefined ? [...files, keystore] : files
  const { host } = look
  const [service, process, pending, ...found] = await Promise.all([
    host.ask(installation.unit === undefined ? daemonState(installation) : serviceNamed(installation.unit)),
    host.ask(processOf(installation)),
    host.ask(pendingKeystoreChanges(keystore)),
    ...watched.map((file) => host.ask(fileAt(file))),
  ])
  // A restart that is only foreseen has no process; its moment is in the service's state.
  const startedAt = process[0]?.startedAt ?? service.activeSince
  const newer = watched.filter((file, index) => {
    const state = found[index]
    if (file === keystore && pending.size > 0 && process.length > 0) return true
    // Within its first second a process has not read its files yet.
    return state !== undefined && state.kind !== 'absent' && startedAt !== undefined && state.mtime > startedAt + 1
  })
  return { installation, service, startedAt, newer }
}

function installationOf(look: Look, wish: Args): Installation {
  const get = (given: string | undefined, name: string) => given ?? renderedVariable(look, `elasticsearch_${name}`)
  const unit = get(wish.service, 'service')
  const home = get(wish.home, 'home')
  return {
    name: unit === '' ? `elasticsearch in ${home}` : unit,
    unit: unit === '' ? undefined : unit,
    home,
    pathConf: get(wish.path_conf, 'path_conf'),
    user: get(wish.user, 'user'),
    logFile: get(wish.log_file, 'log_file'),
  }
}

/** A daemon without a unit, in systemd's words. */
function daemonState(installation: Installation): Question<ServiceState> {
  const question = elasticsearchProcess(installation.home)
  return {
    subjects: question.subjects,
    script: question.script,
    parse: (output) => {
      const [process] = question.parse(output)
      return {
        known: true,
        active: process !== undefined,
        activeState: process === undefined ? 'inactive' : 'active',
        enabled: false,
        mainPid: process?.pid ?? 0,
        activeSince: process?.startedAt,
        result: '',
        execMainStatus: 0,
      }
    },
    foresee: (forecast) => forecast.service(installation.name),
  }
}

/** The process of now; none once a change of the service is foreseen. */
function processOf(installation: Installation): Question<readonly DaemonProcess[]> {
  return {
    ...elasticsearchProcess(installation.home),
    foresee: (forecast) => (forecast.service(installation.name) === undefined ? undefined : []),
  }
}

function actionFor({ service, newer }: State, wish: Args): ServiceAction | undefined {
  switch (wish.state) {
    case 'started':
      return service.active ? undefined : 'start'
    case 'stopped':
      return service.active ? 'stop' : undefined
    case 'restarted':
      return service.active ? 'restart' : 'start'
    case 'stopped_if_outdated':
      return service.active && newer.length > 0 ? 'stop' : undefined
    case 'current':
      if (!service.active) return 'start'
      return newer.length > 0 ? 'restart' : undefined
  }
}

const verbs = { start: 'start', stop: 'stop', restart: 'restart', reload: 'reload' } as const

function change(
  { installation, newer }: State,
  { action, wish, context }: { action: ServiceAction; wish: Args; context: Context },
): Decision {
  const because = action !== 'start' && newer.length > 0 ? `: ${newer.join(', ')} newer than its process` : ''
  return {
    kind: 'change',
    change: {
      summary: `${verbs[action]} ${installation.name}${because}`,
      effects: [
        {
          kind: 'set-service',
          name: installation.name,
          action,
          timeoutMs: wish.timeout * 1000,
          ...startWords(installation, wish),
        },
      ],
    },
    result: { state: action === 'stop' ? 'stopped' : 'started', action },
    explain: (look) => explainFailure(look, { installation, action, host: context.host }),
  }
}

/** How to do it where systemctl alone does not know. */
function startWords(installation: Installation, wish: Args): Partial<SetService> {
  const { unit } = installation
  const password = wish.keystore_password
  const stdin = password === undefined ? {} : { stdin: new Secret(`${password.reveal()}\n`) }
  if (unit === undefined) {
    const isProtected = password !== undefined
    return { scripts: daemonScripts({ ...installation, timeout: wish.timeout, isProtected }), ...stdin }
  }
  return password === undefined ? {} : { scripts: protectedUnitScripts(unit, installation.user), ...stdin }
}

async function explainFailure(
  look: Look,
  { installation, action, host }: { installation: Installation; action: ServiceAction; host: string },
): Promise<{ readonly message: string; readonly hint?: string } | undefined> {
  if (action === 'stop') return undefined
  const { unit, logFile } = installation
  const traces = await look.host.ask(
    elasticsearchTraces({ logFile, service: unit, consoleFile: consoleFile(installation) }),
  )
  const failure = startFailure(traces)
  if (failure === undefined) return undefined
  return {
    message: `Elasticsearch does not start on "${host}": ${failure.cause}`,
    hint: failure.advice ?? `More in ${logFile}`,
  }
}

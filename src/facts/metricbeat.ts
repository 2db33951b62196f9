import { quote } from '../connection/quote.ts'
import { TaskError } from '../errors.ts'
import { fieldsOf, fileField } from './installation-fields.ts'
import type { Question } from './question.ts'

/** What an operator may say about an installation; the rest is found out. */
export interface MetricbeatPlace {
  readonly home?: string | undefined
  readonly pathConf?: string | undefined
  readonly pathData?: string | undefined
  readonly service: string
}

export interface MetricbeatInstallation {
  readonly home: string
  readonly pathConf: string
  readonly pathData: string
  /** The command with the paths of this installation, as sh words: calling the bare binary would miss them. */
  readonly command: string
  readonly settingsText: string | undefined
  readonly keystorePath: string
  /** As it lies on disk; undefined when there is none. Holds secrets. */
  readonly keystore: Buffer | undefined
  /** `agent.id` of its documents, from meta.json; undefined before its first start. */
  readonly agentId: string | undefined
  /** Enabled files of modules.d, by absolute path. */
  readonly moduleFiles: ReadonlyMap<string, string>
}

/** Where Metricbeat is installed and what it is told to do, in one round trip. Package or unpacked archive. */
export function metricbeatInstallation(place: MetricbeatPlace): Question<MetricbeatInstallation> {
  return {
    subjects: ['file:/usr/share/metricbeat', 'file:/etc/metricbeat', `service:${place.service}`, '*'],
    script: script(place),
    parse: (output) => parse(output.stdout.toString()),
  }
}

/**
 * The same unit options count for `keystore` and `test` as for the service itself: `--path.*` of BEAT_PATH_OPTS, and
 * `-c` of BEAT_CONFIG_OPTS is the file that lies in the config folder.
 */
function script(place: MetricbeatPlace): string {
  return [
    `unit=${quote(unitName(place.service))}; home=${quote(place.home ?? '')}; conf=${quote(place.pathConf ?? '')}; data=${quote(place.pathData ?? '')}`,
    `if command -v systemctl >/dev/null; then`,
    `  set -f; last=`,
    `  for word in $(systemctl show -p Environment --value -- "$unit" 2>/dev/null | tr -d '"'); do`,
    `    word=\${word#BEAT_PATH_OPTS=}`,
    `    case $last in`,
    `      --path.home) [ -n "$home" ] || home=$word;;`,
    `      --path.config) [ -n "$conf" ] || conf=$word;;`,
    `      --path.data) [ -n "$data" ] || data=$word;;`,
    `    esac`,
    `    last=$word`,
    `  done; set +f`,
    `fi`,
    `[ -n "$home" ] || home=/usr/share/metricbeat`,
    `[ -n "$conf" ] || { if [ -f /etc/metricbeat/metricbeat.yml ]; then conf=/etc/metricbeat; else conf=$home; fi; }`,
    `[ -n "$data" ] || { if [ "$conf" = /etc/metricbeat ]; then data=/var/lib/metricbeat; else data=$home/data; fi; }`,
    `bin=$home/bin/metricbeat; [ -x "$bin" ] || bin=$home/metricbeat`,
    `printf 'home=%s\\nconf=%s\\ndata=%s\\n' "$home" "$conf" "$data"`,
    `[ -x "$bin" ] && printf 'bin=%s\\n' "$bin"`,
    `[ -f "$conf/metricbeat.yml" ] && printf 'yml=%s\\n' "$(base64 < "$conf/metricbeat.yml" | tr -d '\\n')"`,
    `[ -f "$data/metricbeat.keystore" ] && printf 'keystore=%s\\n' "$(base64 < "$data/metricbeat.keystore" | tr -d '\\n')"`,
    `[ -f "$data/meta.json" ] && printf 'agent=%s\\n' "$(sed -n 's/.*"uuid": *"\\([^"]*\\)".*/\\1/p' "$data/meta.json" | head -n 1)"`,
    `for file in "$conf"/modules.d/*.yml; do [ -f "$file" ] && printf 'module:%s=%s\\n' "$file" "$(base64 < "$file" | tr -d '\\n')"; done`,
    'exit 0',
  ].join('\n')
}

function parse(text: string): MetricbeatInstallation {
  const fields = fieldsOf(text)
  const [home = '', pathConf = '', pathData = ''] = ['home', 'conf', 'data'].map((name) => fields.get(name))
  const bin = fields.get('bin')
  if (bin === undefined) {
    throw new TaskError(`There is no Metricbeat in "${home}"`, {
      hint: 'Set metricbeat_home, or take the host out of the group metricbeat',
    })
  }
  const modules = [...fields.keys()].filter((name) => name.startsWith('module:'))
  return {
    home,
    pathConf,
    pathData,
    command: `${quote(bin)} --path.home ${quote(home)} --path.config ${quote(pathConf)} --path.data ${quote(pathData)} ${noLogFile}`,
    settingsText: fileField(fields, 'yml')?.toString(),
    keystorePath: `${pathData}/metricbeat.keystore`,
    keystore: fileField(fields, 'keystore'),
    agentId: fields.get('agent') || undefined,
    moduleFiles: new Map(
      modules.map((name) => [name.slice('module:'.length), fileField(fields, name)?.toString() ?? '']),
    ),
  }
}

/** On standard error: each call would begin a log file, and push out one of those that Metricbeat itself has there. */
const noLogFile = '-e -E logging.level=error'

function unitName(service: string): string {
  return service.includes('.') ? service : `${service}.service`
}

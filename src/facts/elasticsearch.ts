import type { Output } from '../connection/connection.ts'
import { quote } from '../connection/quote.ts'
import { TaskError } from '../errors.ts'
import type { Question } from './question.ts'

/** What the user says of an installation; the rest is found out. */
export interface ElasticsearchHints {
  readonly home?: string | undefined
  readonly pathConf?: string | undefined
  /** Empty: none, an archive installation. */
  readonly service?: string | undefined
}

export interface ElasticsearchInstallation {
  /** `package`: a systemd unit runs it; `archive`: a daemon without one. */
  readonly kind: 'package' | 'archive'
  readonly home: string
  readonly pathConf: string
  /** The systemd unit, undefined for an archive. */
  readonly service: string | undefined
  /** The account it runs as. */
  readonly user: string
  readonly group: string
  /** Owner and group of elasticsearch.yml: what other configuration files should have. */
  readonly configOwner: string
  readonly configGroup: string
  /** From the jar's name, so that no JVM has to start; undefined when there is none. */
  readonly version: string | undefined
  /** The server process. */
  readonly pid: number | undefined
  readonly hostName: string
  /** Text of elasticsearch.yml; undefined when it is missing. */
  readonly settingsText: string | undefined
}

/** Where Elasticsearch is installed, how it runs and its settings as text, in one look. */
export function elasticsearchInstallation(hints: ElasticsearchHints): Question<ElasticsearchInstallation> {
  return {
    subjects: ['*'],
    script: [
      `home=${quote(hints.home ?? '')}; conf=${quote(hints.pathConf ?? '')}; service=${quote(hints.service ?? '')}`,
      `no_unit=${hints.service === '' ? 'yes' : ''}`,
      lookScript,
    ].join('\n'),
    parse: parseInstallation,
    // Its settings are asked for as a file by whoever changes them.
    lasting: ({ home, version, user, group }) => ({
      of: 'Elasticsearch',
      words: `${version ?? 'of unknown version'} in ${home}, ${user}:${group}`,
    }),
  }
}

/** A process that runs from `home`: its id and when it started, undefined when none does. */
export interface DaemonProcess {
  readonly pid: number
  /** Seconds since 1970. */
  readonly startedAt: number
}

/** The Elasticsearch server of an installation, with or without systemd: one or none. */
export function elasticsearchProcess(home: string): Question<readonly DaemonProcess[]> {
  return {
    subjects: ['*'],
    script: [`home=${quote(home)}`, findProcess, startTime, `[ -z "$pid" ] || echo "$pid $(started "$pid")"`].join(
      '\n',
    ),
    parse: ({ stdout }) => {
      const [pid, startedAt] = stdout.toString().trim().split(' ').map(Number)
      return pid === undefined || pid === 0 || startedAt === undefined ? [] : [{ pid, startedAt }]
    },
  }
}

/**
 * sh: sets `pid` to the server that runs from `$home` (from anywhere when empty), or to nothing. Servers in containers
 * are visible too, with paths of their own: they have another namespace of processes. A server of 8.4 and later has a launcher beside
 * it, which is told from it by its main class.
 */
export const findProcess = `
[ -z "$home" ] || home=$(cd -- "$home" 2>/dev/null && pwd -P || echo "$home")
pid=
for f in $(grep -lsaF -e '-Des.path.home=' /proc/[0-9]*/cmdline); do
  words=$( { tr '\\0' '\\n' < "$f"; } 2>/dev/null ) || continue
  printf '%s\\n' "$words" | grep -qxE '(org.elasticsearch.server/)?org.elasticsearch.bootstrap.Elasticsearch' || continue
  found=$(printf '%s\\n' "$words" | sed -n 's/^-Des\\.path\\.home=//p' | head -n 1)
  found=$(cd -- "$found" 2>/dev/null && pwd -P || echo "$found")
  [ -z "$home" ] || [ "$found" = "$home" ] || continue
  p=\${f#/proc/}; p=\${p%/cmdline}
  theirs=$(readlink "/proc/$p/ns/pid" 2>/dev/null)
  [ -z "$theirs" ] || [ "$theirs" = "$(readlink /proc/self/ns/pid)" ] || continue
  pid=$p
done`

/** sh: prints when a process started, in seconds since 1970: its 22nd field counts ticks since the boot. */
const startTime = `
started() {
  ticks=$(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20)
  boot=$(sed -n 's/^btime //p' /proc/stat)
  hertz=$(getconf CLK_TCK 2>/dev/null || echo 100)
  echo $((boot + \${ticks:-0} / hertz))
}`

const lookScript = `
given=$service
[ -n "$service" ] || service=elasticsearch
unit=
if [ -z "$no_unit" ] && command -v systemctl >/dev/null 2>&1; then
  shown=$(systemctl show -p LoadState,User,Group,Environment,EnvironmentFiles -- "$service" 2>/dev/null)
  case $shown in *LoadState=loaded*) unit=$service;; esac
fi
# An installation named by its folder alone is no package's, unless it is just that one.
[ -z "$home" ] || [ -n "$given" ] || case $home in /usr/share/elasticsearch|/usr/share/elasticsearch/) ;; *) unit=;; esac
of_unit() { printf '%s\\n' "$shown" | sed -n "s/^$1=//p" | head -n 1; }
variable() {
  [ -n "$unit" ] || return 0
  files=$(printf '%s\\n' "$shown" | sed -n 's/^EnvironmentFiles=\\([^ ]*\\).*/\\1/p')
  from=$(for f in $files; do sed -n "s/^[[:space:]]*$1=//p" "$f" 2>/dev/null; done | tail -n 1 | tr -d "\\"'")
  [ -n "$from" ] || from=$(of_unit Environment | tr ' ' '\\n' | sed -n "s/^$1=//p" | tail -n 1)
  printf '%s' "$from"
}
[ -n "$home" ] || home=$(variable ES_HOME)
[ -n "$home" ] || [ -z "$unit" ] || [ ! -d /usr/share/elasticsearch ] || home=/usr/share/elasticsearch
asked=$home
${findProcess}
if [ -n "$asked" ]; then home=$asked
elif [ -n "$pid" ]; then home=$(tr '\\0' '\\n' < "/proc/$pid/cmdline" | sed -n 's/^-Des\\.path\\.home=//p' | head -n 1)
elif [ -d /usr/share/elasticsearch ]; then home=/usr/share/elasticsearch
else echo none; exit 0; fi
[ -d "$home" ] || { echo "nohome $home"; exit 0; }
[ -n "$conf" ] || conf=$(variable ES_PATH_CONF)
[ -n "$conf" ] || [ -z "$pid" ] || conf=$(tr '\\0' '\\n' < "/proc/$pid/environ" 2>/dev/null | sed -n 's/^ES_PATH_CONF=//p' | head -n 1)
[ -n "$conf" ] || [ "$home" != /usr/share/elasticsearch ] || [ ! -d /etc/elasticsearch ] || conf=/etc/elasticsearch
[ -n "$conf" ] || conf=$home/config
yml=$conf/elasticsearch.yml
jar=$(ls "$home"/lib/ 2>/dev/null | sed -n 's/^elasticsearch-\\([0-9][0-9.]*[^/]*\\)\\.jar$/\\1/p' | head -n 1)
user=; group=
if [ -n "$unit" ]; then user=$(of_unit User); group=$(of_unit Group); fi
[ -n "$user" ] || [ -z "$pid" ] || user=$(stat -c %U "/proc/$pid")
[ -n "$user" ] || user=$(stat -c %U -- "$home/data" 2>/dev/null || stat -c %U -- "$home")
[ -n "$group" ] || group=$(id -gn -- "$user" 2>/dev/null || stat -c %G -- "$home")
printf 'home=%s\\nconf=%s\\nunit=%s\\nuser=%s\\ngroup=%s\\nversion=%s\\npid=%s\\n' "$home" "$conf" "$unit" "$user" "$group" "$jar" "$pid"
printf 'owner=%s\\n' "$(stat -L -c '%U:%G' -- "$yml" 2>/dev/null)"
printf 'host=%s\\n' "$(uname -n)"
if [ ! -e "$yml" ]; then echo 'yml=missing'
elif cat -- "$yml" >/dev/null 2>&1; then echo 'yml='; cat -- "$yml"
else echo 'yml=denied'; fi
exit 0`

function parseInstallation({ stdout, code, stderr }: Output): ElasticsearchInstallation {
  const text = stdout.toString('utf8')
  if (text === 'none\n') {
    throw new TaskError('No Elasticsearch was found', {
      hint: 'Set elasticsearch_home to the folder it is installed in',
    })
  }
  if (text.startsWith('nohome ')) {
    throw new TaskError(`There is no folder "${text.slice(7).trim()}"`, { hint: 'Check elasticsearch_home' })
  }
  const head = /^([\s\S]*?)^yml=(\w*)\n([\s\S]*)$/m.exec(text)
  if (head === null || code !== 0) {
    throw new TaskError(`Cannot look at Elasticsearch: ${stderr.toString().trim() || 'no answer that makes sense'}`)
  }
  const [, lines = '', yml = '', settingsText] = head
  const field = new Map(
    lines.split('\n').map((line) => {
      const equals = line.indexOf('=')
      return [line.slice(0, equals), line.slice(equals + 1)] as const
    }),
  )
  const get = (name: string) => field.get(name) ?? ''
  if (yml === 'denied') {
    throw new TaskError(`Cannot read "${get('conf')}/elasticsearch.yml": permission denied`, {
      hint: 'Use become: true',
    })
  }
  const [configOwner = '', configGroup = ''] = get('owner').split(':')
  return {
    kind: get('unit') === '' ? 'archive' : 'package',
    home: get('home'),
    pathConf: get('conf'),
    service: get('unit') || undefined,
    user: get('user'),
    group: get('group'),
    configOwner,
    configGroup,
    version: get('version') || undefined,
    pid: Number(get('pid')) || undefined,
    hostName: get('host'),
    settingsText: yml === 'missing' ? undefined : settingsText,
  }
}

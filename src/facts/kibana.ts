import { quote } from '../connection/quote.ts'
import { TaskError } from '../errors.ts'
import { fieldsOf, fileField } from './installation-fields.ts'
import type { Question } from './question.ts'

/** What an operator may say about an installation; the rest is found out. */
export interface KibanaPlace {
  readonly home?: string | undefined
  readonly pathConf?: string | undefined
  readonly service: string
  readonly user?: string | undefined
  readonly group?: string | undefined
}

export interface KibanaInstallation {
  readonly home: string
  readonly pathConf: string
  readonly user: string
  readonly group: string
  /** "9.5.0"; undefined when `package.json` does not tell. */
  readonly version: string | undefined
  /** kibana.yml, as text; undefined when it is missing. */
  readonly settingsText: string | undefined
  /** A keystore in the data folder wins over the one beside kibana.yml. */
  readonly keystorePath: string
  /** As it lies on disk; undefined when there is none. Holds secrets. */
  readonly keystore: Buffer | undefined
}

/**
 * Where Kibana is installed, and its two files of settings, in one round trip. The unit's environment goes before the
 * packages' places (KBN_HOME and KBN_PATH_CONF are set by the packages' own unit).
 */
export function kibanaInstallation(place: KibanaPlace): Question<KibanaInstallation> {
  return {
    subjects: ['file:/usr/share/kibana', 'file:/etc/kibana', `service:${place.service}`, '*'],
    script: script(place),
    parse: (output) => parse(place, output.stdout.toString()),
  }
}

function script(place: KibanaPlace): string {
  return [
    `unit=${quote(unitName(place.service))}; home=${quote(place.home ?? '')}; conf=${quote(place.pathConf ?? '')}`,
    `user=${quote(place.user ?? '')}; group=${quote(place.group ?? '')}`,
    `if command -v systemctl >/dev/null; then`,
    `  for word in $(systemctl show -p Environment --value -- "$unit" 2>/dev/null); do case $word in`,
    `    KBN_HOME=*) [ -n "$home" ] || home=\${word#*=};;`,
    `    KBN_PATH_CONF=*) [ -n "$conf" ] || conf=\${word#*=};;`,
    `  esac; done`,
    `  [ -n "$user" ] || user=$(systemctl show -p User --value -- "$unit" 2>/dev/null)`,
    `  [ -n "$group" ] || group=$(systemctl show -p Group --value -- "$unit" 2>/dev/null)`,
    `fi`,
    `[ -n "$home" ] || home=/usr/share/kibana`,
    `[ -n "$conf" ] || { if [ -f /etc/kibana/kibana.yml ]; then conf=/etc/kibana; else conf=$home/config; fi; }`,
    `[ -n "$user" ] || user=kibana`,
    `[ -n "$group" ] || group=$(id -gn -- "$user" 2>/dev/null) || group=$user`,
    `store=$conf/kibana.keystore`,
    `for data in /var/lib/kibana "$home/data"; do [ -f "$data/kibana.keystore" ] && { store=$data/kibana.keystore; break; }; done`,
    `printf 'home=%s\\nconf=%s\\nuser=%s\\ngroup=%s\\nstore=%s\\n' "$home" "$conf" "$user" "$group" "$store"`,
    `[ -x "$home/bin/kibana" ] && echo installed=yes`,
    `[ -f "$home/package.json" ] && printf 'version=%s\\n' "$(sed -n 's/.*"version": *"\\([^"]*\\)".*/\\1/p' "$home/package.json" | head -n 1)"`,
    `[ -f "$conf/kibana.yml" ] && printf 'yml=%s\\n' "$(base64 < "$conf/kibana.yml" | tr -d '\\n')"`,
    `[ -f "$store" ] && printf 'keystore=%s\\n' "$(base64 < "$store" | tr -d '\\n')"`,
    'exit 0',
  ].join('\n')
}

function parse(place: KibanaPlace, text: string): KibanaInstallation {
  const fields = fieldsOf(text)
  const home = fields.get('home') ?? ''
  if (fields.get('installed') !== 'yes') {
    throw new TaskError(`There is no Kibana in "${home}"`, {
      hint: 'Set kibana_home, or take the host out of the group kibana',
    })
  }
  return {
    home,
    pathConf: fields.get('conf') ?? '',
    user: fields.get('user') ?? place.user ?? '',
    group: fields.get('group') ?? place.group ?? '',
    version: fields.get('version') || undefined,
    settingsText: fileField(fields, 'yml')?.toString(),
    keystorePath: fields.get('store') ?? '',
    keystore: fileField(fields, 'keystore'),
  }
}

function unitName(service: string): string {
  return service.includes('.') ? service : `${service}.service`
}

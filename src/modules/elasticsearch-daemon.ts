import { dirname } from 'node:path/posix'
import { quote } from '../connection/quote.ts'
import { findProcess } from '../facts/elasticsearch.ts'
import type { ServiceAction } from './effect.ts'

/** How to start and stop a unit whose keystore is protected: its password is read from stdin, a line. */
export function protectedUnitScripts(unit: string, user: string): Readonly<Partial<Record<ServiceAction, string>>> {
  const name = quote(unit)
  const stop = `systemctl stop -- ${name} >&2`
  // As Elastic has it: the unit reads the file that a variable of systemd names. /run is memory.
  const start = `folder=$(mktemp -d /run/elkseal.XXXXXX) || exit 1
trap 'systemctl unset-environment ES_KEYSTORE_PASSPHRASE_FILE; rm -rf -- "$folder"' EXIT
cat > "$folder/passphrase" && chown -R ${quote(user)} "$folder" || exit 1
systemctl set-environment "ES_KEYSTORE_PASSPHRASE_FILE=$folder/passphrase" || exit 1
systemctl start -- ${name} >&2`
  return { start, stop, restart: `${stop} && (\n${start}\n)` }
}

/** An archive installation: no unit knows how to run it. */
export interface ArchiveInstallation {
  readonly home: string
  readonly pathConf: string
  readonly user: string
  readonly logFile: string
}

interface Daemon extends ArchiveInstallation {
  /** Seconds. */
  readonly timeout: number
  /** The start reads the keystore's password, a line, from stdin. */
  readonly isProtected: boolean
}

/** How to start and stop an archive installation, as sh. */
export function daemonScripts(installation: Daemon): Readonly<Partial<Record<ServiceAction, string>>> {
  const start = startScript(installation)
  const stop = stopScript(installation)
  return { start, stop, restart: `(\n${stop}\n) && (\n${start}\n)` }
}

/** What a start prints; it is left behind by a start that failed. */
export function consoleFile({ logFile }: Pick<ArchiveInstallation, 'logFile'>): string {
  return `${dirname(logFile)}/elkseal-start.out`
}

/**
 * `-d` of 8 and later returns when the node is ready, or fails with it; that of 7.17 returns at once, so the log is
 * watched for the node's own word that it has started.
 */
function startScript(installation: Daemon): string {
  const { home, pathConf, user, logFile, timeout, isProtected } = installation
  return `home=${quote(home)}; user=${quote(user)}; log=${quote(logFile)}; out=${quote(consoleFile(installation))}
size=$(stat -L -c %s -- "$log" 2>/dev/null || echo 0)
words='cd -- "$1" && ES_PATH_CONF=$2 && export ES_PATH_CONF && unset JAVA_HOME && umask 0027 && exec bin/elasticsearch -d > "$3" 2>&1${isProtected ? '' : ' < /dev/null'}'
if [ "$(id -un)" = "$user" ]; then sh -c "$words" elasticsearch "$home" ${quote(pathConf)} "$out"
elif [ "$(id -u)" -eq 0 ]; then su -s /bin/sh "$user" -c "$words" -- elasticsearch "$home" ${quote(pathConf)} "$out"
else echo "Only root or $user can start Elasticsearch" >&2; exit 1; fi || { echo 'Elasticsearch did not start' >&2; exit 1; }
left=${String(timeout)}
while [ "$left" -gt 0 ]; do
${findProcess}
  [ -n "$pid" ] || { echo 'Elasticsearch died while starting' >&2; exit 1; }
  now=$(stat -L -c %s -- "$log" 2>/dev/null || echo 0)
  [ "$now" -ge "$size" ] || size=0
  if tail -c +$((size + 1)) -- "$log" 2>/dev/null | grep -qE '^\\[[^]]*\\]\\[INFO *\\]\\[o\\.e\\.n\\.Node *\\].* started'; then rm -f -- "$out"; exit 0; fi
  sleep 1; left=$((left - 1))
done
echo 'Elasticsearch has not said in its log that it started' >&2; exit 1`
}

function stopScript({ home, timeout }: Daemon): string {
  return `home=${quote(home)}
${findProcess}
[ -n "$pid" ] || exit 0
kill "$pid" || exit 1
left=${String(timeout)}
while [ -d "/proc/$pid" ] && [ "$left" -gt 0 ]; do sleep 0.2; left=$((left - 1)); done
[ ! -d "/proc/$pid" ] || { echo "Elasticsearch (process $pid) does not stop" >&2; exit 1; }`
}

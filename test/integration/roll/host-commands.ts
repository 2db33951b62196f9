/** What is in the home of a host beside its node, as sh. */

/**
 * Asks for the password as sudo -S does, and takes `right`. The shell that it starts knows more commands: looks have a
 * PATH of the system's own folders alone, in which a test may put nothing.
 */
export function sudoScript(home: string): string {
  return `#!/bin/sh
prompt=
while [ "$1" != -u ]; do [ "$1" = -p ] && prompt=$2; shift; done
shift 2
for attempt in 1 2 3; do
  printf '%s' "$prompt" >&2
  IFS= read -r given || exit 1
  [ "$given" = right ] && break
  echo 'Sorry, try again.' >&2
  [ $attempt -lt 3 ] || exit 1
done
[ ! -e '${home}/faults/limit' ] || { trap '' XFSZ; ulimit -f 4; }
for last; do :; done
exec /bin/sh -c "\${last%exec /bin/sh}{ cat '${home}/systemctl.sh'; exec cat; } | /bin/sh"
`
}

/** systemctl for one unit: the node starts as the files in faults/ say, unless it is given its old file. */
export function systemctlFunctions(home: string): string {
  return `
journalctl() { :; }
systemctl() {
  case $1 in
  show)
    case "$*" in *--value*) return 0 ;; esac
    printf 'LoadState=loaded\\nUnitFileState=enabled\\nMainPID=0\\nSubState=none\\n'
    if [ -e '${home}/run/active' ]; then
      printf 'ActiveState=active\\nResult=success\\nExecMainStatus=0\\n'
      read -r since < '${home}/run/active'
      printf 'ActiveEnterTimestamp=%s\\n' "$since"
    else printf 'ActiveState=failed\\nResult=exit-code\\nExecMainStatus=1\\nActiveEnterTimestamp=\\n'; fi ;;
  is-active) if [ -e '${home}/run/active' ]; then echo active; else echo failed; return 3; fi ;;
  is-enabled) echo enabled ;;
  stop) rm -f '${home}/run/active' ;;
  start|restart) start_node ;;
  esac
}
start_node() {
  rm -f '${home}/run/active'
  printf x >> '${home}/run/starts'
  loads='${home}/config/http.p12'
  if ! cmp -s '${home}/given.p12' "$loads"; then
    [ ! -e '${home}/faults/hangs' ] || sleep 60
    if [ -e '${home}/faults/dies' ]; then
      echo 'fatal exception while booting Elasticsearch' >> '${home}/logs/lab.log'
      printf 'org.elasticsearch.ElasticsearchSecurityException: failed to load SSL configuration [xpack.security.http.ssl] - not permitted to read the [PKCS12] keystore (as a truststore) file [%s]\\n' "$loads" >> '${home}/logs/lab.log'
      return 1
    fi
    [ ! -e '${home}/faults/keeps-old' ] || loads='${home}/given.p12'
  fi
  cat "$loads" > '${home}/run/loaded.p12' && date -u '+%a %F %T UTC' > '${home}/run/active.new' && mv '${home}/run/active.new' '${home}/run/active'
}
`
}

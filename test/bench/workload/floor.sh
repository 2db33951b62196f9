#!/bin/bash
# floor.sh HOSTS: the workload by hand, one script and one ssh a host, all hosts at once. HOSTS has lines "NAME ADDRESS PORT".
# Environment: SSH_KEY, KNOWN_HOSTS, KEYSTORE_PASSWORD.
here=$(cd "$(dirname "$0")" && pwd)

remote='
set -e
umask 077
etc=/etc/app changed=no
IFS= read -r password
[ -d $etc/certs ] || install -d -o root -g app -m 750 $etc/certs
cat > $etc/certs/.http.p12
if cmp -s $etc/certs/.http.p12 $etc/certs/http.p12; then
  rm $etc/certs/.http.p12
else
  chown root:app $etc/certs/.http.p12
  chmod 660 $etc/certs/.http.p12
  mv $etc/certs/.http.p12 $etc/certs/http.p12
  changed=yes
fi
setting() {
  grep -qx "$1: $2" $etc/app.yml && return
  { sed "/^$1:/d" $etc/app.yml; echo "$1: $2"; } > $etc/.app.yml
  chown root:app $etc/.app.yml
  chmod 644 $etc/.app.yml
  mv $etc/.app.yml $etc/app.yml
  changed=yes
}
setting xpack.security.http.ssl.enabled true
setting xpack.security.http.ssl.keystore.path certs/http.p12
if ! app-keystore list | grep -qx http.secure_password; then
  printf %s "$password" | app-keystore add http.secure_password
  changed=yes
fi
systemctl is-enabled -q app || systemctl enable -q app
if [ $changed = yes ]; then systemctl restart app
else systemctl is-active -q app || systemctl start app; fi
systemctl is-active app'

jobs=()
while read -r name address port; do
  { printf '%s\n' "$KEYSTORE_PASSWORD"; cat "$here/files/$name.p12"; } |
    ssh -q -F none -i "$SSH_KEY" -o UserKnownHostsFile="$KNOWN_HOSTS" -p "$port" "root@$address" "$remote" > /dev/null &
  jobs+=($!)
done < "$1"
failed=0
for job in "${jobs[@]}"; do wait "$job" || failed=1; done
exit $failed

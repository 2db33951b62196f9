import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from '../lab/lab.ts'
import type { LabHost } from '../lab/lab-state.ts'
import { rootOf } from '../lab/machine.ts'

export const keystorePassword = 'planted-password'

const unit = `[Unit]
Description=Stands for the product, which would only add its own time
[Service]
User=app
ExecStart=/bin/sleep infinity
KillSignal=SIGKILL
[Install]
WantedBy=multi-user.target
`

const keystoreTool = `#!/bin/sh
store=/etc/app/keystore
case $1 in
list) if [ -e $store.names ]; then cat $store.names; fi ;;
add) umask 077; echo "$2" >> $store.names; cat >> $store; chmod 660 $store; chgrp app $store ;;
esac
`

/** Gives a lab host the product that the workload is about, stopped and not secured, and keeps a copy of that state. */
export async function installProduct(lab: Lab, host: LabHost): Promise<void> {
  const root = rootOf(host)
  await writeFile(join(root, 'usr/local/bin/app-keystore'), keystoreTool, { mode: 0o755 })
  await writeFile(join(root, 'etc/systemd/system/app.service'), unit)
  await mkdir(join(root, 'root/app.orig'), { recursive: true })
  await writeFile(join(root, 'root/app.orig/app.yml'), `cluster.name: lab\nnode.name: ${host.name}\npath.data: /data\n`)
  const script = [
    'id app >/dev/null 2>&1 || { groupadd -r app; useradd -r -g app -d /nonexistent -s /bin/false app; }',
    'chown -R root:app /root/app.orig; chmod 644 /root/app.orig/app.yml',
    'systemctl daemon-reload',
  ]
  await lab.run(host.name, ['sh', '-c', script.join('\n')])
}

/** Puts a host back into the state before the first run. */
export async function reset(lab: Lab, host: LabHost): Promise<void> {
  const script = [
    'systemctl disable -q --now app 2>/dev/null',
    'rm -rf /etc/app /var/lib/elkseal; cp -a /root/app.orig /etc/app',
  ]
  await lab.run(host.name, ['sh', '-c', script.join('\n')])
}

export function keystoreOf(name: string): Buffer {
  return Buffer.concat(Array.from({ length: 60 }, (_, part) => createHash('sha512').update(`${name}${part}`).digest()))
}

/** Everything that the workload is to leave behind, and the process id that a second run must not change. */
export async function stateOf(lab: Lab, host: LabHost): Promise<{ readonly wrong: string; readonly pid: string }> {
  const script = [
    'cd /etc/app',
    `stat -c '%n %U:%G %a' certs certs/http.p12 app.yml`,
    'cat keystore; echo',
    'systemctl is-active app; systemctl is-enabled app',
    'systemctl show -p MainPID --value app',
  ]
  const text = await lab.run(host.name, ['sh', '-c', script.join('\n')], { nothrow: true })
  const lines = text.trimEnd().split('\n')
  const pid = lines.pop() ?? ''
  const wanted = [
    'certs root:app 750',
    'certs/http.p12 root:app 660',
    'app.yml root:app 644',
    keystorePassword,
    'active',
    'enabled',
  ]
  const wrong = lines.filter((line) => line !== '').filter((line, index) => line !== wanted[index])
  const root = rootOf(host)
  const [store, yml] = await Promise.all([
    readFile(join(root, 'etc/app/certs/http.p12')).catch(() => Buffer.alloc(0)),
    readFile(join(root, 'etc/app/app.yml'), 'utf8').catch(() => ''),
  ])
  if (!store.equals(keystoreOf(host.name))) wrong.push('http.p12 has another content')
  const settings = yml.split('\n').filter((line) => line.startsWith('xpack'))
  if (
    settings.join() !== 'xpack.security.http.ssl.enabled: true,xpack.security.http.ssl.keystore.path: certs/http.p12'
  ) {
    wrong.push(`app.yml has ${settings.join()}`)
  }
  return { wrong: wrong.join('; '), pid }
}

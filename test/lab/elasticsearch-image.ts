import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { elasticsearchDistribution, type ElasticsearchVersion } from '../support/elasticsearch-distribution.ts'
import { cachedLayer } from './cache.ts'
import { installPlugin, pluginInputs } from './elasticsearch-plugin.ts'
import type { Binding } from './machine.ts'
import { $ } from './shell.ts'

/** A layer with Elasticsearch as its Debian package lays it out, and what the JDK needs to be bound into a host. */
export async function elasticsearchLayer(
  version: ElasticsearchVersion,
  lower: readonly string[],
): Promise<{ readonly layer: string; readonly bindings: readonly Binding[] }> {
  const distribution = await elasticsearchDistribution(version)
  const inputs = [distribution.home, await readFile(import.meta.filename, 'utf8'), ...(await pluginInputs(version))]
  const layer = await cachedLayer({ name: `elasticsearch-layer-${version}`, inputs, lower }, async (root) => {
    await layOut(root, distribution.home)
    await installPlugin(distribution, join(root, 'usr/share/elasticsearch'))
    await setOwners(root)
  })
  return { layer, bindings: jdkBindings(distribution.jdk) }
}

async function layOut(root: string, distribution: string): Promise<void> {
  const home = join(root, 'usr/share/elasticsearch')
  const config = join(root, 'etc/elasticsearch')
  await cp(distribution, home, { recursive: true })
  await rename(join(home, 'config'), config)
  await rm(join(home, 'logs'), { recursive: true, force: true })
  await mkdir(join(home, 'jdk'))
  await mkdir(join(config, 'jvm.options.d'), { recursive: true })
  await writeFile(join(config, 'jvm.options.d/lab.options'), labOptions)
  await edit(join(home, 'bin/elasticsearch-env'), packageEnvironment)
  await edit(join(config, 'jvm.options'), packagePaths)
  await writeFile(join(root, 'etc/default/elasticsearch'), 'ES_PATH_CONF=/etc/elasticsearch\n')
  await writeFile(join(home, 'bin/systemd-entrypoint'), entrypoint, { mode: 0o755 })
  await writeFile(join(root, 'lib/systemd/system/elasticsearch.service'), unit)
}

async function setOwners(root: string): Promise<void> {
  const script = `set -e
groupadd -r elasticsearch
useradd -r -g elasticsearch -d /nonexistent -s /bin/false elasticsearch
install -d -o elasticsearch -g elasticsearch -m 2750 /var/lib/elasticsearch /var/log/elasticsearch
chown -R root:root /usr/share/elasticsearch
chown -R root:elasticsearch /etc/elasticsearch /etc/default/elasticsearch
chmod 660 /etc/default/elasticsearch
find /etc/elasticsearch -type d -exec chmod 2750 {} +
find /etc/elasticsearch -type f -exec chmod 660 {} +`
  await $`chroot ${root} sh -c ${script}`
}

// Debian's OpenJDK keeps its security settings outside its home, behind links.
function jdkBindings(jdk: string): readonly Binding[] {
  const settings = '/etc/java-17-openjdk'
  const outside = jdk.includes('openjdk') ? [{ from: settings, to: settings }] : []
  return [{ from: jdk, to: '/usr/share/elasticsearch/jdk' }, ...outside]
}

async function edit(file: string, replacements: readonly (readonly [RegExp, string])[]): Promise<void> {
  const before = await readFile(file, 'utf8')
  await writeFile(
    file,
    replacements.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), before),
  )
}

// Small and quick to start: on two cores three nodes start in 20 s instead of more than a minute.
const labOptions = `-Xms320m
-Xmx320m
-XX:TieredStopAtLevel=1
`

// What the package's files have in place of the archive's.
const packageEnvironment = [
  [/"\$ES_HOME"\/config; fi/, '/etc/elasticsearch; fi'],
  [/^ES_DISTRIBUTION_TYPE=.*/m, 'ES_DISTRIBUTION_TYPE=deb'],
  [/^ES_BUNDLED_JDK=.*/m, 'ES_BUNDLED_JDK=true'],
] as const
const packagePaths = [
  [/HeapDumpPath=data/, 'HeapDumpPath=/var/lib/elasticsearch'],
  [/ErrorFile=(logs\/)?hs_err/, 'ErrorFile=/var/log/elasticsearch/hs_err'],
  [/-Xloggc:logs\//, '-Xloggc:/var/log/elasticsearch/'],
  [/file=(logs\/)?gc\.log/, 'file=/var/log/elasticsearch/gc.log'],
] as const

// The package's module that tells systemd READY=1 is not in this distribution: a watcher does it when port 9200 (23F0)
// listens. So `systemctl start` waits for HTTP, and fails when the node dies, as with the package.
const entrypoint = `#!/bin/bash
main=$$
(
  while kill -0 $main 2>/dev/null; do
    if grep -qsE ':23F0 [0-9A-F]+:0000 0A' /proc/net/tcp /proc/net/tcp6; then
      exec systemd-notify --ready
    fi
    sleep 0.2
  done
) &
if [ -n "$ES_KEYSTORE_PASSPHRASE_FILE" ]; then
  exec /usr/share/elasticsearch/bin/elasticsearch "$@" < "$ES_KEYSTORE_PASSPHRASE_FILE"
else
  exec /usr/share/elasticsearch/bin/elasticsearch "$@"
fi
`

// As packaged, but for NotifyAccess: the watcher is another process than the main one.
const unit = `[Unit]
Description=Elasticsearch
Documentation=https://www.elastic.co
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=all
RuntimeDirectory=elasticsearch
PrivateTmp=true
Environment=ES_HOME=/usr/share/elasticsearch
Environment=ES_PATH_CONF=/etc/elasticsearch
Environment=PID_DIR=/run/elasticsearch
Environment=ES_SD_NOTIFY=true
EnvironmentFile=-/etc/default/elasticsearch
WorkingDirectory=/usr/share/elasticsearch
User=elasticsearch
Group=elasticsearch
ExecStart=/usr/share/elasticsearch/bin/systemd-entrypoint -p \${PID_DIR}/elasticsearch.pid --quiet
StandardOutput=journal
StandardError=inherit
LimitNOFILE=65535
LimitNPROC=4096
LimitAS=infinity
LimitFSIZE=infinity
TimeoutStopSec=0
KillSignal=SIGTERM
KillMode=process
SendSIGKILL=no
SuccessExitStatus=143
TimeoutStartSec=900

[Install]
WantedBy=multi-user.target
`

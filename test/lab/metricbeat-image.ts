import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, cachedLayer } from './cache.ts'
import { $ } from './shell.ts'

const sources = join(import.meta.dirname, 'metricbeat')

/**
 * Real Metricbeat, as its own Go module gives it. Newer Beats are not to be had as modules: the path stays at v7.
 * The first build downloads 300 MB and takes some minutes.
 */
export async function metricbeatBinary(): Promise<string> {
  const inputs = ['main.go', 'go.mod', 'go.sum'].map((name) => readFile(join(sources, name), 'utf8'))
  const folder = await cached('metricbeat', await Promise.all(inputs), async (folder) => {
    await $({ cwd: sources })`nice go build -trimpath -ldflags=${'-s -w'} -o ${join(folder, 'metricbeat')} .`
  })
  return join(folder, 'metricbeat')
}

/** A layer with Metricbeat as the Debian package lays it out (dev-tools/packaging/packages.yml of elastic/beats). */
export async function metricbeatLayer(lower: readonly string[]): Promise<string> {
  const binary = await metricbeatBinary()
  const inputs = [binary, await readFile(import.meta.filename, 'utf8')]
  return cachedLayer({ name: 'metricbeat-layer', inputs, lower }, async (root) => {
    const home = join(root, 'usr/share/metricbeat')
    for (const folder of [join(home, 'bin'), join(root, 'etc/metricbeat/modules.d')]) {
      await mkdir(folder, { recursive: true })
    }
    for (const folder of ['var/lib/metricbeat', 'var/log/metricbeat']) {
      await mkdir(join(root, folder), { recursive: true, mode: 0o750 })
    }
    await copyFile(binary, join(home, 'bin/metricbeat'))
    await chmod(join(home, 'bin/metricbeat'), 0o755)
    await writeFile(join(root, 'usr/bin/metricbeat'), launcher, { mode: 0o755 })
    await writeFile(join(root, 'etc/metricbeat/modules.d/system.yml'), systemModule)
    await writeFile(join(root, 'etc/metricbeat/modules.d/elasticsearch-xpack.yml.disabled'), elasticsearchModule)
    await writeFile(join(root, 'lib/systemd/system/metricbeat.service'), unit)
  })
}

const paths =
  '--path.home /usr/share/metricbeat --path.config /etc/metricbeat ' +
  '--path.data /var/lib/metricbeat --path.logs /var/log/metricbeat'

const launcher = `#!/bin/sh
exec /usr/share/metricbeat/bin/metricbeat ${paths} "$@"
`

const systemModule = `- module: system
  period: 10s
  metricsets: [cpu, load, memory, uptime]
`

const elasticsearchModule = `- module: elasticsearch
  xpack.enabled: true
  period: 10s
  hosts: ["http://localhost:9200"]
  #username: "user"
  #password: "secret"
`

const unit = `[Unit]
Description=Metricbeat is a lightweight shipper for metrics.
Documentation=https://www.elastic.co/beats/metricbeat
Wants=network-online.target
After=network-online.target

[Service]
Environment="GODEBUG='madvdontneed=1'"
Environment="BEAT_LOG_OPTS="
Environment="BEAT_CONFIG_OPTS=-c /etc/metricbeat/metricbeat.yml"
Environment="BEAT_PATH_OPTS=${paths}"
ExecStart=/usr/share/metricbeat/bin/metricbeat --environment systemd $BEAT_LOG_OPTS $BEAT_CONFIG_OPTS $BEAT_PATH_OPTS
Restart=always

[Install]
WantedBy=multi-user.target
`

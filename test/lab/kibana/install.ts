import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** One thing of an installation, by its path on the host. */
export type Piece =
  | {
      readonly kind: 'folder'
      readonly path: string
      readonly mode: number
      readonly owner: string
      readonly group: string
    }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly mode: number
      readonly owner: string
      readonly group: string
      readonly content: string
    }
  /** A tree that is copied, or shown read-only, from this machine. */
  | { readonly kind: 'tree'; readonly path: string; readonly from: string }

export interface Installation {
  /** Run in the host's root (chroot) before anything is placed. */
  readonly commands: readonly (readonly string[])[]
  /** In this order. */
  readonly pieces: readonly Piece[]
}

const home = '/usr/share/kibana'
const modules = join(import.meta.dirname, '../../../node_modules')

/**
 * The stand-in as Kibana's Debian package lays Kibana out (src/dev/build/tasks/os_packages of elastic/kibana): what to
 * place where, with owner and mode. `version` is the one it claims; it must fit that of Elasticsearch.
 */
export async function kibanaInstallation(version: string): Promise<Installation> {
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.ts') && name !== 'install.ts')
  const sources = await Promise.all(
    names.map(async (name) => file(`${home}/src/${name}`, await readFile(join(import.meta.dirname, name), 'utf8'))),
  )
  return {
    commands: [
      ['groupadd', '--system', 'kibana'],
      [
        'useradd',
        '--system',
        '--gid',
        'kibana',
        '--no-create-home',
        '--home-dir',
        '/nonexistent',
        '--shell',
        '/bin/false',
        'kibana',
      ],
    ],
    pieces: [
      ...['', '/bin', '/src', '/node_modules', '/node', '/node/bin'].map((name) => folder(`${home}${name}`)),
      file(
        `${home}/package.json`,
        `${JSON.stringify({ name: 'kibana', version, type: 'module', standIn: true }, null, 2)}\n`,
      ),
      ...sources,
      file(`${home}/bin/kibana`, launcher('kibana.ts'), { mode: 0o755 }),
      file(`${home}/bin/kibana-keystore`, launcher('kibana-keystore.ts'), { mode: 0o755 }),
      { kind: 'tree', path: `${home}/node_modules/yaml`, from: join(modules, 'yaml') },
      { kind: 'tree', path: `${home}/node_modules/node-forge`, from: join(modules, 'node-forge') },
      { kind: 'tree', path: `${home}/node/bin/node`, from: join(modules, 'node/bin/node') },
      folder('/etc/kibana', { mode: 0o2750, group: 'kibana' }),
      file('/etc/kibana/kibana.yml', settings, { mode: 0o660, group: 'kibana' }),
      folder('/var/lib/kibana', { mode: 0o2750, owner: 'kibana', group: 'kibana' }),
      folder('/var/log/kibana', { mode: 0o2750, owner: 'kibana', group: 'kibana' }),
      file('/lib/systemd/system/kibana.service', unit),
    ],
  }
}

interface Attributes {
  readonly mode?: number
  readonly owner?: string
  readonly group?: string
}

function folder(path: string, { mode = 0o755, owner = 'root', group = 'root' }: Attributes = {}): Piece {
  return { kind: 'folder', path, mode, owner, group }
}

function file(path: string, content: string, { mode = 0o644, owner = 'root', group = 'root' }: Attributes = {}): Piece {
  return { kind: 'file', path, mode, owner, group, content }
}

// KBN_PATH_CONF has the package's place only where the package's folder is: an archive keeps HOME/config.
function launcher(main: string): string {
  return `#!/bin/sh
# Stand-in for Kibana, for tests.
KBN_HOME=\${KBN_HOME:-$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)}
if [ -z "$KBN_PATH_CONF" ] && [ "$KBN_HOME" = ${home} ]; then KBN_PATH_CONF=/etc/kibana; fi
KBN_PATH_CONF=\${KBN_PATH_CONF:-$KBN_HOME/config}
export KBN_HOME KBN_PATH_CONF
exec "$KBN_HOME/node/bin/node" --disable-warning=ExperimentalWarning "$KBN_HOME/src/${main}" "$@"
`
}

const settings = `# =================== System: Kibana Server ===================
#server.port: 5601
#server.host: "localhost"

# =================== System: Elasticsearch ===================
#elasticsearch.hosts: ["http://localhost:9200"]
`

const unit = `[Unit]
Description=Kibana (a stand-in)
Documentation=https://www.elastic.co
Wants=network-online.target
After=network-online.target

[Service]
Type=simple
User=kibana
Group=kibana
PrivateTmp=true

Environment=KBN_HOME=${home}
Environment=KBN_PATH_CONF=/etc/kibana

EnvironmentFile=-/etc/default/kibana
EnvironmentFile=-/etc/sysconfig/kibana

ExecStart=${home}/bin/kibana

Restart=on-failure
RestartSec=3

StartLimitBurst=3
StartLimitInterval=60

WorkingDirectory=${home}

StandardOutput=journal
StandardError=inherit

[Install]
WantedBy=multi-user.target
`

import type { Question } from './question.ts'

/** Facts of a host under Ansible's names, without the prefix `ansible_`. */
export type SystemFacts = Readonly<Record<string, unknown>>

/** What `setup` gathers, in one look. */
export function systemFacts(): Question<SystemFacts> {
  return { subjects: ['host:system'], script, parse: (output) => parseFacts(output.stdout.toString()) }
}

const script = String.raw`
v() { printf '%s=%s\n' "$1" "$2"; }
v nodename "$(uname -n)"; v fqdn "$(hostname -f 2>/dev/null || uname -n)"
v system "$(uname -s)"; v kernel "$(uname -r)"; v kernel_version "$(uname -v)"; v architecture "$(uname -m)"
v user_id "$(id -un)"; v user_uid "$(id -u)"; v user_gid "$(id -g)"
account=$(getent passwd "$(id -u)" 2>/dev/null || grep "^$(id -un):" /etc/passwd 2>/dev/null)
v user_dir "$(printf '%s' "$account" | cut -d: -f6)"
v user_shell "$(printf '%s' "$account" | cut -d: -f7)"
v pid1 "$(cat /proc/1/comm 2>/dev/null)"
[ -d /run/systemd/system ] && v systemd yes
v processors "$(grep -c ^processor /proc/cpuinfo 2>/dev/null)"
v memory "$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo 2>/dev/null)"
v memory_free "$(awk '/^MemFree:/ { print $2 }' /proc/meminfo 2>/dev/null)"
v machine_id "$(cat /etc/machine-id 2>/dev/null)"
v epoch "$(date +%s)"; v iso "$(date -u +%Y-%m-%dT%H:%M:%SZ)"; v tz "$(date +%Z)"
[ -d /sys/fs/selinux ] && v selinux "$(cat /sys/fs/selinux/enforce 2>/dev/null)"
sed 's/^/os./' /etc/os-release 2>/dev/null
cat /etc/debian_version 2>/dev/null | sed 's/^/debian_version=/'
ip -o addr show 2>/dev/null | awk '{ print "addr=" $2 " " $3 " " $4 }'
ip -4 route show default 2>/dev/null | sed -n '1s/^/route4=/p'
ip -6 route show default 2>/dev/null | sed -n '1s/^/route6=/p'
command -v ip >/dev/null || v addresses "$(hostname -I 2>/dev/null)"
exit 0`

/** ID of os-release → Ansible's distribution and family. */
const distributions: Readonly<Record<string, readonly [name: string, family: string]>> = {
  debian: ['Debian', 'Debian'],
  ubuntu: ['Ubuntu', 'Debian'],
  linuxmint: ['Linux Mint', 'Debian'],
  raspbian: ['Debian', 'Debian'],
  rhel: ['RedHat', 'RedHat'],
  centos: ['CentOS', 'RedHat'],
  fedora: ['Fedora', 'RedHat'],
  rocky: ['Rocky', 'RedHat'],
  almalinux: ['AlmaLinux', 'RedHat'],
  ol: ['OracleLinux', 'RedHat'],
  amzn: ['Amazon', 'RedHat'],
  sles: ['SLES', 'Suse'],
  'opensuse-leap': ['openSUSE Leap', 'Suse'],
  'opensuse-tumbleweed': ['openSUSE Tumbleweed', 'Suse'],
  alpine: ['Alpine', 'Alpine'],
  arch: ['Archlinux', 'Archlinux'],
  gentoo: ['Gentoo', 'Gentoo'],
}

interface Lines {
  one(name: string): string
  all(name: string): readonly string[]
}

function parseFacts(text: string): SystemFacts {
  const lines = linesOf(text)
  const nodename = lines.one('nodename')
  const fqdn = lines.one('fqdn')
  return {
    system: lines.one('system'),
    kernel: lines.one('kernel'),
    kernel_version: lines.one('kernel_version'),
    architecture: lines.one('architecture'),
    machine: lines.one('architecture'),
    nodename,
    hostname: nodename.split('.')[0] ?? nodename,
    fqdn,
    domain: fqdn.split('.').slice(1).join('.'),
    machine_id: lines.one('machine_id'),
    ...distributionFacts(lines),
    ...addressFacts(lines),
    service_mgr: lines.one('systemd') === 'yes' ? 'systemd' : lines.one('pid1') || 'service',
    user_id: lines.one('user_id'),
    user_uid: Number(lines.one('user_uid')),
    user_gid: Number(lines.one('user_gid')),
    user_dir: lines.one('user_dir'),
    user_shell: lines.one('user_shell'),
    processor_vcpus: Number(lines.one('processors')),
    processor_nproc: Number(lines.one('processors')),
    memtotal_mb: Math.floor(Number(lines.one('memory')) / 1024),
    memfree_mb: Math.floor(Number(lines.one('memory_free')) / 1024),
    selinux: selinuxFacts(lines.one('selinux')),
    date_time: { epoch: lines.one('epoch'), iso8601: lines.one('iso'), tz: lines.one('tz') },
  }
}

function distributionFacts(lines: Lines): SystemFacts {
  const id = unquoted(lines.one('os.ID'))
  const version = unquoted(lines.one('os.VERSION_ID'))
  const known = distributions[id]
  const like = unquoted(lines.one('os.ID_LIKE'))
    .split(' ')
    .map((word) => distributions[word]?.[1])
    .find((family) => family !== undefined)
  const name = known?.[0] ?? unquoted(lines.one('os.NAME'))
  // Ansible gives Debian's point release where /etc/debian_version has one.
  const debian = lines.one('debian_version')
  const full = id === 'debian' && /^\d/.test(debian) ? debian : version
  return {
    distribution: name,
    distribution_version: full,
    distribution_major_version: version.split('.')[0] ?? '',
    distribution_release: unquoted(lines.one('os.VERSION_CODENAME')) || 'NA',
    os_family: known?.[1] ?? like ?? name,
  }
}

function addressFacts(lines: Lines): SystemFacts {
  const addresses = lines.all('addr').map((line) => {
    const [device = '', family = '', address = ''] = line.split(' ')
    const [ip = '', prefix = ''] = address.split('/')
    return { interface: device.replace(/@.*/, ''), family, address: ip, prefix }
  })
  const plain = lines
    .one('addresses')
    .split(' ')
    .filter((word) => word !== '')
  const v4 = addresses.filter((one) => one.family === 'inet' && !one.address.startsWith('127.'))
  const v6 = addresses.filter((one) => one.family === 'inet6' && one.address !== '::1')
  return {
    interfaces: [...new Set(addresses.map((one) => one.interface))],
    all_ipv4_addresses: [...v4.map((one) => one.address), ...plain.filter((word) => word.includes('.'))],
    all_ipv6_addresses: [...v6.map((one) => one.address), ...plain.filter((word) => word.includes(':'))],
    default_ipv4: defaultAddress(lines.one('route4'), v4),
    default_ipv6: defaultAddress(lines.one('route6'), v6),
  }
}

interface InterfaceAddress {
  readonly interface: string
  readonly address: string
  readonly prefix: string
}

function defaultAddress(route: string, addresses: readonly InterfaceAddress[]): SystemFacts {
  const device = /\bdev (\S+)/.exec(route)?.[1]
  const source = /\bsrc (\S+)/.exec(route)?.[1]
  const found = addresses.find((one) => one.interface === device && (source === undefined || one.address === source))
  if (device === undefined || found === undefined) return {}
  const gateway = /\bvia (\S+)/.exec(route)?.[1]
  return {
    interface: device,
    address: found.address,
    prefix: found.prefix,
    ...(gateway === undefined ? {} : { gateway }),
  }
}

function selinuxFacts(enforce: string): SystemFacts {
  if (enforce === '') return { status: 'disabled' }
  return { status: 'enabled', mode: enforce === '1' ? 'enforcing' : 'permissive' }
}

function linesOf(text: string): Lines {
  const found = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=')
    if (equals < 1) continue
    const name = line.slice(0, equals)
    found.set(name, [...(found.get(name) ?? []), line.slice(equals + 1)])
  }
  return { one: (name) => found.get(name)?.[0] ?? '', all: (name) => found.get(name) ?? [] }
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2')
}

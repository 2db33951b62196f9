import { Secret } from '../../src/secrets/secret.ts'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { passwordFromText } from '../../src/secrets/vault-password.ts'

/** Sources that Ansible and elkseal must read alike: files of a folder, and the words for `-i`. */
export interface InventoryCase {
  readonly name: string
  /** Text by path; a path ending in `!` is made executable. */
  readonly files: Readonly<Record<string, string>>
  readonly sources: readonly string[]
  /** Hosts that are asked for with `--host`. */
  readonly hosts?: readonly string[]
  /** Relative to the case's folder. */
  readonly playbookDir?: string
  readonly limit?: string
}

export const vaultPassword = 'correct horse'
const vault = openVault([
  passwordFromText('default', new Secret(vaultPassword)),
  passwordFromText('prod', new Secret(vaultPassword)),
])

function vaulted(text: string, id?: string): string {
  return vault.encrypt(new Secret(text), id)
}

function inline(text: string, indent: string): string {
  return `!vault |\n${vaulted(text).trim().replaceAll(/^/gm, indent)}`
}

const ini = (name: string, text: string, more: Partial<InventoryCase> = {}): InventoryCase => ({
  name,
  files: { hosts: text, ...more.files },
  sources: more.sources ?? ['hosts'],
  ...(more.hosts === undefined ? {} : { hosts: more.hosts }),
  ...(more.playbookDir === undefined ? {} : { playbookDir: more.playbookDir }),
  ...(more.limit === undefined ? {} : { limit: more.limit }),
})

const yaml = (name: string, text: string, more: Partial<InventoryCase> = {}): InventoryCase => ({
  ...ini(name, '', more),
  files: { 'hosts.yml': text, ...more.files },
  sources: more.sources ?? ['hosts.yml'],
})

const iniCases: readonly InventoryCase[] = [
  ini('INI: hosts before any section are ungrouped', 'a\nb\n[web]\nc\n'),
  ini('INI: a host in ungrouped and in a group is only in the group', 'a\nb\n[web]\na\n[ungrouped]\nc\nb\n'),
  ini('INI: comments with # and ; at the start of a line, blank lines, spaces', '# x\n; y\n\n   [web]  # z\n   a   \n\t; q\n'),
  ini('INI: # inside a word ends the line, and what follows is lost', '[web]\na pw=ab#cd x=1\nb pw="ab#cd" x=1 # note\nc # y=1\n'),
  ini('INI: quotes are removed before typing', `[web]\na v="23" w="'23'" q={'a':1} d="{'a': 1}" l="[1, 2]" e="" s='a b' m=a\\ b t="x\\"y"\n`),
  ini('INI: host variables have Python types', '[web]\na i=23 h=0x1f u=1_000 f=1e3 g=1.10 t=True n=None l=true y=yes o=0644 z=00 m=-5 p=+5 c=(1,2) e=\n'),
  ini(
    'INI: group variables have Python types too, and Python comments',
    `[web]\na\n[web:vars]\ni = 23\nport = 8080 # note\nword = foo # note\nhash = pa#ss\nquoted = "quoted"\ntuple = (1,2)\nbare = 1, 2\nlist = [1,2]\ndict = {'a':1, "b": [None, True]}\nset = {1, 2}\nempty =\nempty2 = ''\nequals = a=b=c\noctal = 0o17\nbinary = 0b101\nminus = -1.5\nfloat = .5\nfloat2 = 5.\nexp = 1.5e-3\nunder = 1__0\nraw = r'a\\d'\nconcat = 'a' 'b'\nescape = 'a\\tb\\x41\\u00e9\\101'\nellipsis = ...\nnested = {'a': {'b': (1, [2, {'c': 'd'}])}}\nsum = 1+1\ncall = int(3)\nspaces = a  b\nunicode = häßlich\njinja = {{ x }}\nzero = 0\nip = 10.0.0.1\nversion = 9.5.0\ndate = 2024-01-01\ntime = 10:30\nneg = --1\nstr3 = '''x'''\nbad = 'x\nbad2 = [1, 2\nparen = (1)\nonetuple = (1,)\n`,
  ),
  ini('INI: a later section of the same name adds', '[web]\na\n[db]\nb\n[web]\nc\na x=1\n'),
  ini('INI: children declared before they exist', '[prod:children]\nweb\ndb\n[web]\na\n[db]\nb\n[prod:vars]\nx=1\n'),
  ini('INI: pending children of pending children', '[top:children]\nmiddle\n[middle:children]\nlow\n[low]\na\n'),
  ini('INI: variables before the group is declared', '[web:vars]\nx=1\n[web]\na\n'),
  ini('INI: group declared by its children section only', '[web]\na\n[prod:children]\nweb # all of them\n[prod:vars]\ny = 2\n'),
  ini('INI: group names with dashes stay', '[es-data]\na\n[es.master]\nb\n[es-all:children]\nes-data\nes.master\n'),
  ini('INI: empty groups', '[web]\n[db]\n[all-of-them:children]\nweb\ndb\n'),
  ini('INI: numeric ranges, padded and stepped', '[web]\nw[1:3]\nx[01:10:3].example.com\ny[08:12]\nz[:2]\n'),
  ini('INI: several ranges, the leftmost slowest', '[web]\nr[1:2]-n[a:c]\n'),
  ini('INI: letters go from a to z and then to A', '[web]\nl[a:C]\n'),
  ini('INI: ranges with ports and variables', '[web]\nw[1:2]:2222 x=1\n'),
  ini('INI: ports and addresses', '[web]\na:22\n10.0.0.1:2222\n[2001:db8::1]:2200\n2001:db8::2\n[h]:99\nnode_1\n192.168.0.[1:3]\n'),
  ini('INI: a port counts only where the host is first named', '[web]\na\n[db]\na:2222\nb:1\n[web]\nb:2\n'),
  ini('INI: host variables replace each other section by section', '[web]\na x=1 y=1\n[db]\na x=2\n', { hosts: ['a'] }),
  ini('INI: a host named like a group sends its variables to the group', '[web]\nweb x=1\nb\n', { hosts: ['b', 'web'] }),
  ini('INI: depth beats priority, priority beats the name', '[a]\nh\n[z]\nh\n[low:children]\na\n[a:vars]\nx=a\nansible_group_priority=10\n[z:vars]\nx=z\nw=z\n[low:vars]\nx=low\nv=low\n[b]\nh\n[b:vars]\nw=b\nansible_group_priority=5\n', { hosts: ['h'] }),
  ini('INI: equal groups: the last of the alphabet wins', '[b]\nh\n[a]\nh\n[a:vars]\nx=a\n[b:vars]\nx=b\n', { hosts: ['h'] }),
  ini('INI: a child beats its parent, and a grandchild both', '[c]\nh\n[b:children]\nc\n[a:children]\nb\n[c:vars]\nx=c\n[b:vars]\nx=b\ny=b\n[a:vars]\nx=a\ny=a\nz=a\n[all:vars]\nz=all\nq=all\n', { hosts: ['h'] }),
  ini('INI: a group with two parents of different depth', '[c]\nh\n[b:children]\nc\n[a:children]\nb\nc\n[d:children]\nc\n[a:vars]\nx=a\n[b:vars]\nx=b\n[d:vars]\nx=d\ny=d\n[c:vars]\nz=c\n'),
  ini('INI: hosts directly in all', '[all]\na x=1\nb\n[web]\nb\n'),
  ini('INI: the connection variables pass through', '[es]\nes1 ansible_host=10.0.0.1 ansible_port=2222 ansible_user=admin ansible_become=true ansible_ssh_common_args="-o ProxyJump=bastion"\n'),
  ini('INI: CRLF line ends', '[web]\r\na x=1\r\n[web:vars]\r\ny = 2\r\n'),
  ini('INI: a variable name with unusual characters', '[web]\na my-var=1 2x=3\n'),
  ini('INI in a file called .ini', '', { files: { 'prod.ini': '[web]\na x=1\n' }, sources: ['prod.ini'] }),
  ini('an empty file is an empty inventory', '\n# nothing\n'),
]

const yamlCases: readonly InventoryCase[] = [
  yaml('YAML: hosts, children and vars', 'all:\n  hosts:\n    a:\n      x: 1\n  children:\n    web:\n      hosts:\n        b:\n        c: {y: 2}\n      vars:\n        z: 3\n    db:\n'),
  yaml('YAML: several top-level groups', 'web:\n  hosts: {a: }\ndb:\n  hosts:\n    b:\nungrouped:\n  hosts:\n    c:\n', { hosts: ['a'] }),
  yaml('YAML: a bare string is one key', 'web:\n  hosts: a\n  children: db\n'),
  yaml(
    'YAML: values are YAML 1.1 as PyYAML reads it',
    'web:\n  hosts:\n    a:\n      t: yes\n      u: On\n      f: no\n      o: 010\n      s: 1:30\n      e: 08\n      g: 1.10\n      x: 0x1F\n      k: 1_000\n      n: ~\n      m:\n      y: y\n      z: n\n      p: 1e3\n      q: 1.5e+3\n      r: 1.5e3\n      b: 0b11\n      d: 2024-01-01\n      w: 0o17\n      i: 10.0.0.1\n      v: 9.5.0\n      str: "yes"\n      neg: -12\n      plus: +12\n      dot: .5\n      under: _1\n      tr: TRUE\n      mixed: yEs\n      big: 9007199254740991\n',
  ),
  yaml('YAML: ranges and ports', 'web:\n  hosts:\n    w[1:3]:\n      x: 1\n    v[01:02]:2222:\n    "[2001:db8::1]:22":\n'),
  yaml('YAML: anchors, aliases and merge keys', 'all:\n  vars:\n    base: &base {x: 1, y: 2}\n    more:\n      <<: *base\n      y: 3\n    same: *base\n  hosts:\n    a:\n'),
  yaml('YAML: block texts', 'all:\n  hosts:\n    a:\n      literal: |\n        one\n        two\n      folded: >-\n        one\n        two\n      quoted: "tab\\t é"\n'),
  yaml('YAML: the same group in two places', 'all:\n  children:\n    prod:\n      children:\n        web:\n    web:\n      hosts:\n        a:\n      vars: {x: 1}\n', { hosts: ['a'] }),
  yaml('YAML: !unsafe stays what it is', 'all:\n  hosts:\n    a:\n      u: !unsafe "{{ not }} a template"\n      l: [!unsafe "x", y]\n', { hosts: ['a'] }),
  yaml('YAML: a later list or mapping replaces the earlier', 'all:\n  vars:\n    m: {a: 1, b: 2}\n    l: [1, 2]\n  children:\n    web:\n      vars:\n        m: {c: 3}\n        l: [3]\n      hosts:\n        a:\n'),
  yaml('YAML: ansible_group_priority', 'a:\n  hosts: {h: }\n  vars: {x: a, ansible_group_priority: 10}\nb:\n  hosts: {h: }\n  vars: {x: b}\n', { hosts: ['h'] }),
  yaml('YAML: JSON has types of its own', '', { files: { 'hosts.json': '{"web": {"hosts": {"a": {"x": 1e3}, "b": null}, "vars": {"y": [1, "2"]}}}' }, sources: ['hosts.json'] }),
  yaml('YAML: INI text in a .yml file is read as INI', '[web]\na x=1\n'),
  yaml('YAML without an extension', '', { files: { inventory: 'web:\n  hosts:\n    a:\n' }, sources: ['inventory'] }),
]

const sourceCases: readonly InventoryCase[] = [
  ini('a list of hosts', '', { sources: ['a,b,10.0.0.1:22,'] }),
  ini('a list of one host', '', { sources: ['a,'] }),
  ini('a list of hosts and a file', '[web]\na x=1\n', { sources: ['a,c,', 'hosts'] }),
  ini('two files: the later wins', '[web]\na x=1 y=1\n[web:vars]\nv=1\n', { files: { second: '[web]\na x=2\nb\n[web:vars]\nv=2\n[db]\na\n' }, sources: ['hosts', 'second'] }),
  ini('a folder: sorted, some names skipped', '', {
    files: {
      'inv/01-a': '[web]\na x=1\n',
      'inv/02-b.yml': 'web:\n  hosts:\n    a: {x: 2}\n    b:\n',
      'inv/10-c.ini': '[web]\nc\n',
      'inv/readme.md': 'not an inventory',
      'inv/old.bak': '[old]\nx\n',
      'inv/notes.txt': 'x',
      'inv/.hidden': '[hid]\nh\n',
      'inv/save~': '[s]\ns\n',
      'inv/group_vars/web.yml': 'g: 1\n',
      'inv/host_vars/a.yml': 'hv: 1\n',
    },
    sources: ['inv'],
    hosts: ['a'],
  }),
  ini('a folder in a folder', '', { files: { 'inv/a': '[web]\na\n', 'inv/sub/b': '[db]\nb\n', 'inv/sub/group_vars/db.yml': 'x: 1\n' }, sources: ['inv'] }),
  ini('two folders with files of their own', '', {
    files: {
      'one/hosts': '[web]\na\n',
      'one/group_vars/web.yml': 'x: one\ny: one\n',
      'one/host_vars/a.yml': 'h: one\n',
      'two/hosts': '[web]\nb\n',
      'two/group_vars/web.yml': 'x: two\n',
      'two/group_vars/all.yml': 'y: two\nz: two\n',
    },
    sources: ['one', 'two'],
  }),
  ini('a programme', '', {
    files: { 'prog!': '#!/bin/sh\necho \'{"web": {"hosts": ["a", "b"], "vars": {"x": 1}, "children": ["sub"]}, "sub": {"hosts": ["c"]}, "all": {"vars": {"q": [1]}}, "_meta": {"hostvars": {"a": {"y": "{{ x }}", "u": {"__ansible_unsafe": "{{ z }}"}}, "nobody": {"z": 1}}}}\'\n' },
    sources: ['prog'],
    hosts: ['a'],
  }),
  ini('a programme without _meta is asked for each host', '', {
    files: { 'prog!': '#!/bin/sh\nif [ "$1" = --host ]; then echo "{\\"name\\": \\"$2\\"}"; else echo \'{"web": {"hosts": ["a", "b"]}, "old": ["c"], "lone": {"x": 1}}\'; fi\n' },
    sources: ['prog'],
  }),
  ini('an executable text is still a text', '', { files: { 'hosts!': '[web]\na x=1\n' } }),
]

const variableFileCases: readonly InventoryCase[] = [
  ini('the whole order of precedence', '[web]\nh n3=ini n8=ini\n[web:vars]\nn3=ini_group\nn6=ini_group\n[all:vars]\nn0=ini_all\nn3=ini_all\nn4=ini_all\n', {
    files: {
      'group_vars/all.yml': 'n4: inv_all\nn5: inv_all\nn3: inv_all\nn6: inv_all\n',
      'group_vars/web.yml': 'n6: inv_web\nn7: inv_web\nn8: inv_web\n',
      'host_vars/h.yml': 'n9: inv_host\nn10: inv_host\n',
      'play/group_vars/all.yml': 'n5: play_all\nn6: play_all\n',
      'play/group_vars/web.yml': 'n7: play_web\nn8: play_web\nn9: play_web\n',
      'play/host_vars/h.yml': 'n10: play_host\n',
    },
    playbookDir: 'play',
    hosts: ['h'],
  }),
  ini('a folder group_vars/all hides group_vars/all.yml', '[web]\na\n', {
    files: { 'group_vars/all/10.yml': 'x: 10\n', 'group_vars/all/20.yaml': 'x: 20\n', 'group_vars/all/30.txt': 'x: 30\n', 'group_vars/all/.h.yml': 'x: 0\n', 'group_vars/all/z.yml~': 'x: 1\n', 'group_vars/all/sub/deep.json': '{"deep": "1e3"}', 'group_vars/all/sub.d/no.yml': 'no: 1\n', 'group_vars/all.yml': 'y: hidden\n' },
  }),
  ini('the first extension wins', '[web]\na\nb\nc\n', {
    files: { 'host_vars/a.yml': 'x: yml\n', 'host_vars/a.yaml': 'x: yaml\n', 'host_vars/b': 'x: bare\n', 'host_vars/b.yml': 'x: yml\n', 'host_vars/c.json': '{"x": "json", "y": true}', 'host_vars/c.txt': 'x: txt\n' },
  }),
  ini('empty files and files of comments', '[web]\na\n', { files: { 'group_vars/web.yml': '', 'group_vars/all.yml': '# nothing\n', 'host_vars/a.yml': '---\n' } }),
  ini('files of a deeper group win, whatever the folder order', '[c]\nh\n[b:children]\nc\n', { files: { 'group_vars/b.yml': 'x: b\n', 'group_vars/c.yml': 'x: c\n', 'group_vars/ungrouped.yml': 'u: 1\n' } }),
  ini('a later folder wins over a deeper group', '[c]\nh\n[b:children]\nc\n', {
    files: { 'one/hosts': '[c]\nh\n[b:children]\nc\n', 'one/group_vars/c.yml': 'x: one_c\n', 'two/hosts': '', 'two/group_vars/b.yml': 'x: two_b\n' },
    sources: ['one', 'two'],
  }),
  ini('ansible_group_priority in group_vars is a variable, no priority', '[a]\nh\n[b]\nh\n[a:vars]\nx=a\n[b:vars]\nx=b\n', { files: { 'group_vars/a.yml': 'ansible_group_priority: 10\n' } }),
  ini('names that Ansible sets itself are not printed', '[web]\na inventory_hostname=x groups=1 ansible_facts=2 playbook_dir=3 ansible_check_mode=4\n', { files: { 'host_vars/a.yml': 'inventory_dir: x\nhostvars: 1\n' } }),
  ini('vaulted values stay vaulted', '[web]\na\nb\n', {
    files: { 'group_vars/web.yml': `secret: ${inline('hidden', '  ')}\nlist:\n  - ${inline('deep', '    ')}\nplain: 1\n` },
    hosts: ['a'],
  }),
  ini('a vaulted file is opened', '[web]\na\n', {
    files: { 'group_vars/all/vars.yml': 'password: "{{ vault_password }}"\n', 'group_vars/all/vault.yml': vaulted('vault_password: hidden\nnumber: 5\nlist: [a, {b: c}]\n'), 'host_vars/a.yml': vaulted('id: x\n', 'prod') },
    hosts: ['a'],
  }),
  ini('a vaulted inventory is opened', '', { files: { 'hosts.yml': vaulted('web:\n  hosts:\n    a: {x: 1}\n') }, sources: ['hosts.yml'] }),
  yaml('a vaulted value in the inventory itself', `web:\n  hosts:\n    a:\n      secret: ${inline('hidden', '        ')}\n`, { hosts: ['a'] }),
  ini('implicit localhost has the variables of all', '[web]\na\n[all:vars]\nx=1\n', { files: { 'group_vars/all.yml': 'y: 2\n', 'host_vars/localhost.yml': 'z: 3\n', 'group_vars/ungrouped.yml': 'u: 1\n' }, hosts: ['localhost'] }),
  ini('--limit leaves out hosts, and groups that become empty', '[web]\na\nb\n[db]\nc\n[top:children]\nweb\ndb\n', { limit: 'web:!b' }),
  ini('the order of all is the walk over the groups', 'z\n[b]\nb1\n[a]\na1\n[top:children]\nlow\n[low]\nl1\n[a]\na0\n'),
]

export const inventoryCases: readonly InventoryCase[] = [...iniCases, ...yamlCases, ...sourceCases, ...variableFileCases]

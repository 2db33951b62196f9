import * as z from 'zod'
import { fileDetails, type FileDetails } from '../facts/file-details.ts'
import { bool, choice, path } from './argument-types.ts'
import { modeText } from './file-mode.ts'
import { defineModule, type Values } from './module.ts'

const args = z.strictObject({
  path: path()
    .meta({ aliases: ['dest', 'name'] })
    .describe('Path on the host'),
  follow: bool().default(false).describe('Looks at what a link points to'),
  get_checksum: bool().default(true).describe('Adds a checksum of a regular file'),
  checksum_algorithm: choice('md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512')
    .meta({ aliases: ['checksum', 'checksum_algo'] })
    .default('sha1')
    .describe('Kind of checksum'),
})

export const stat = defineModule<z.infer<typeof args>, FileDetails>({
  name: 'stat',
  aliases: ['ansible.builtin.stat'],
  summary: 'Tells whether a path is there, and what it is',
  examples: `- stat:
    path: /etc/elasticsearch/http.p12
  register: p12

- fail:
    msg: No certificate
  when: not p12.stat.exists
`,
  args,
  inspect: (look, given) =>
    look.host.ask(
      fileDetails(given.path, {
        follow: given.follow,
        checksum: given.get_checksum ? given.checksum_algorithm : undefined,
      }),
    ),
  decide: (state, given) => {
    const reason = state.kind === 'absent' ? `"${given.path}" is not there` : `"${given.path}" is there`
    return { kind: 'keep', reason, result: { stat: statOf(state, given.path) } }
  },
})

function statOf(state: FileDetails, path: string): Values {
  if (state.kind === 'absent') return { exists: false }
  const { mode, kind } = state
  return {
    exists: true,
    path,
    mode: modeText(mode),
    isdir: kind === 'directory',
    isreg: kind === 'file',
    islnk: kind === 'link',
    issock: kind === 'socket',
    isfifo: kind === 'fifo',
    ischr: kind === 'character device',
    isblk: kind === 'block device',
    uid: state.uid,
    gid: state.gid,
    pw_name: state.owner,
    gr_name: state.group,
    size: state.size,
    inode: state.inode,
    nlink: state.links,
    atime: state.atime,
    mtime: state.mtime,
    ctime: state.ctime,
    ...permissionBits(mode),
    readable: state.readable,
    writeable: state.writable,
    executable: state.executable,
    ...(state.target === undefined ? {} : { lnk_target: state.target, lnk_source: state.source }),
    ...(state.checksum === undefined ? {} : { checksum: state.checksum }),
  }
}

function permissionBits(mode: number): Values {
  const names = ['xoth', 'woth', 'roth', 'xgrp', 'wgrp', 'rgrp', 'xusr', 'wusr', 'rusr']
  const bits = names.map((name, index) => [name, (mode & (1 << index)) !== 0] as const)
  return { ...Object.fromEntries(bits), isuid: (mode & 0o4000) !== 0, isgid: (mode & 0o2000) !== 0 }
}

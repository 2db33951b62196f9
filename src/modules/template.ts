import * as z from 'zod'
import { TaskError } from '../errors.ts'
import { fileAt } from '../facts/file.ts'
import { Secret } from '../secrets/secret.ts'
import { bool, path, sourcePath, text } from './argument-types.ts'
import { ownershipArguments } from './file-arguments.ts'
import { decideFile, lookAtFile, type FileLook } from './file-change.ts'
import { defineModule, type Look } from './module.ts'

const args = z.strictObject({
  src: sourcePath().describe('Template on the controller, searched in templates/ beside the playbook'),
  dest: path().describe('Path on the host; a folder takes the name of the template'),
  ...ownershipArguments,
  backup: bool().default(false).describe('Leaves the old file beside the new one, with the time in its name'),
  force: bool().default(true).describe('false leaves a file alone that is already there'),
  validate: text().optional().describe('Command that checks the new file before it is used; %s is its path'),
})

interface State {
  readonly path: string
  readonly content: Buffer | Secret
  readonly look: FileLook
}

export const template = defineModule<z.infer<typeof args>, State>({
  name: 'template',
  aliases: ['ansible.builtin.template', 'ansible.legacy.template'],
  summary: 'Renders a Jinja template from the controller into a file on the host',
  examples: `- template:
    src: metricbeat.yml.j2
    dest: /etc/metricbeat/metricbeat.yml
    owner: root
    mode: "0600"
`,
  args: args.refine((given) => given.validate?.includes('%s') !== false, {
    message: 'must contain %s',
    path: ['validate'],
  }),
  inspect: async (look, given) => {
    const found = look.findSource(given.src, 'templates')
    const [content, dest] = await Promise.all([render(look, found), look.host.ask(fileAt(given.dest))])
    const into = given.dest.endsWith('/') || dest.kind === 'directory'
    const target = into ? `${given.dest.replace(/\/+$/, '')}/${found.split('/').at(-1) ?? ''}` : given.dest
    const { owner, group } = given
    return { path: target, content, look: await lookAtFile(look.host, target, { owner, group, content }) }
  },
  decide: (state, given) => {
    if (!given.force && state.look.current.kind !== 'absent') {
      return { kind: 'keep', reason: `"${state.path}" is there, and force is false`, result: { dest: state.path } }
    }
    const { owner, group, mode, backup, validate } = given
    return decideFile(state.look, { path: state.path, content: state.content, owner, group, mode, backup, validate })
  },
})

/** A vaulted template is a secret, and so is what it becomes. */
async function render(look: Look, found: string): Promise<Buffer | Secret> {
  const source = await look.controller.ask(fileAt(found, { content: true }))
  if (source.kind !== 'file' || source.content === undefined) {
    throw new TaskError(`Template "${found}" cannot be read`)
  }
  if (!look.vault.isEncrypted(source.content)) return Buffer.from(renderText(look, source.content.toString()))
  return new Secret(renderText(look, look.vault.decrypt(source.content, `"${found}"`).reveal()))
}

/** Ansible's template keeps the last line end, which Jinja by itself drops. */
function renderText(look: Look, source: string): string {
  const rendered = look.render(source)
  return source.endsWith('\n') && !rendered.endsWith('\n') ? `${rendered}\n` : rendered
}

import { existsSync } from 'node:fs'
import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ansibleBin } from '../support/ansible.ts'
import { $ } from '../lab/shell.ts'

export const toolNames = ['floor', 'elkseal', 'pyinfra', 'ansible'] as const
export type ToolName = (typeof toolNames)[number]

const repository = join(import.meta.dirname, '../..')
const pyinfraFolder = join(homedir(), '.cache/elkseal/pyinfra-3.10')
/** Node itself and not a wrapper, as an installed elkseal has it. */
export const node = process.execPath

/** The words that run the workload in `folder` with that tool. */
export function wordsOf(tool: ToolName, folder: string): readonly string[] {
  switch (tool) {
    case 'floor':
      return ['bash', join(folder, 'floor.sh'), join(folder, 'hosts.txt')]
    case 'elkseal':
      return [node, programOf(folder), 'run', join(folder, 'site.yml'), '-i', join(folder, 'hosts.ini')]
    case 'pyinfra':
      return [
        join(pyinfraFolder, 'bin/pyinfra'),
        ...['-y', '--parallel', '50', join(folder, 'hosts.py'), join(folder, 'deploy.py')],
      ]
    case 'ansible':
      return [ansibleBin('ansible-playbook'), '-i', join(folder, 'hosts.ini'), join(folder, 'site.yml')]
  }
}

export function programOf(folder: string): string {
  return join(folder, 'elkseal/bin/elkseal.js')
}

/** Installs what is to be measured, where it is not there yet; elkseal is built anew. */
export async function prepareTools(tools: readonly ToolName[], folder: string): Promise<void> {
  if (tools.includes('elkseal')) await installElkseal(join(folder, 'elkseal'))
  if (tools.includes('ansible')) await $`${node} ${join(repository, 'scripts/install-ansible.ts')}`
  if (tools.includes('pyinfra') && !existsSync(join(pyinfraFolder, 'bin/pyinfra'))) {
    await $`python3 -m venv ${pyinfraFolder}`
    await $`${join(pyinfraFolder, 'bin/pip')} install --quiet --disable-pip-version-check pyinfra==3.10.*`
  }
  const ansible = '[defaults]\nforks = 20\nretry_files_enabled = False\n\n[ssh_connection]\npipelining = True\n'
  await writeFile(join(folder, 'ansible.cfg'), ansible)
}

/** As a user has it after `npm install`: the build and no sources. */
async function installElkseal(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await $({ cwd: repository })`${node} scripts/build.ts ${join(folder, 'dist')}`
  for (const name of ['bin', 'package.json']) {
    await cp(join(repository, name), join(folder, name), { recursive: true })
  }
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'))
}

import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { skipFor } from './needs.ts'

/** The Python virtual environment that scripts/install-ansible.ts fills. */
export const ansibleFolder = process.env['ELKSEAL_VENV'] ?? join(homedir(), '.cache', 'elkseal', 'ansible-2.19')

/** The path of a programme of ansible-core 2.19, such as `ansible-vault`. */
export function ansibleBin(name: string): string {
  return join(ansibleFolder, 'bin', name)
}

/** Skips the test (fails in CI) when ansible-core is not installed. */
export function needsAnsible(test: Context): void {
  try {
    accessSync(ansibleBin('ansible-inventory'), constants.X_OK)
  } catch {
    skipFor(test, 'needs ansible-core 2.19: node scripts/install-ansible.ts')
  }
}

export interface AnsibleJob {
  readonly folder: string
  /** The first is `ansible` or `ansible-inventory`. */
  readonly words: readonly string[]
}

export interface AnsibleAnswer {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the real programmes, all in one interpreter, because starting each costs a second. */
export function runAnsible(jobs: readonly AnsibleJob[]): readonly AnsibleAnswer[] {
  const home = mkdtempSync(join(tmpdir(), 'elkseal-ansible-'))
  try {
    const config = join(home, 'ansible.cfg')
    writeFileSync(config, '[defaults]\n')
    const run = spawnSync(ansibleBin('python'), [join(import.meta.dirname, 'ansible-batch.py')], {
      input: JSON.stringify(jobs),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: {
        ...withoutAnsibleVariables(process.env),
        ANSIBLE_CONFIG: config,
        ANSIBLE_HOME: home,
        ANSIBLE_NOCOLOR: '1',
        ANSIBLE_DEPRECATION_WARNINGS: '0',
        PYTHONUTF8: '1',
      },
    })
    if (run.status !== 0) throw new Error(`Ansible did not run: ${run.error?.message ?? run.stderr}`)
    return JSON.parse(run.stdout) as AnsibleAnswer[]
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function withoutAnsibleVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ANSIBLE_')))
}

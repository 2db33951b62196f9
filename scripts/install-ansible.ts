import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { ansibleBin, ansibleFolder } from '../test/support/ansible.ts'

/*
 * Puts ansible-core 2.19 into a virtual environment of the tests ($ELKSEAL_VENV, or a folder in ~/.cache): the inventory,
 * the vault and the benchmarks are compared with the real thing. Does nothing when it is there.
 */

if (existsSync(ansibleBin('ansible-inventory'))) {
  console.log(`ansible-core is in ${ansibleFolder}`)
} else {
  mkdirSync(dirname(ansibleFolder), { recursive: true })
  run('python3', ['-m', 'venv', ansibleFolder])
  run(ansibleBin('pip'), ['install', '--quiet', '--disable-pip-version-check', 'ansible-core==2.19.*'])
  console.log(`Installed ansible-core into ${ansibleFolder}`)
}

function run(command: string, words: readonly string[]): void {
  const { status, error } = spawnSync(command, words, { stdio: 'inherit' })
  if (status === 0) return
  console.error(`${[command, ...words].join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`)
  process.exit(1)
}

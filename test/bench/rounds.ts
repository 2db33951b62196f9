import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { namespaceOf } from '../lab/network.ts'
import type { Lab } from '../lab/lab.ts'
import type { LabHost } from '../lab/lab-state.ts'
import { keystorePassword, reset, stateOf } from './hosts.ts'
import { measure, type Measured } from './measure.ts'
import { wordsOf, type ToolName } from './tools.ts'

export interface Bench {
  readonly lab: Lab
  readonly hosts: readonly LabHost[]
  readonly folder: string
}

export interface Times {
  readonly first: number
  readonly second: number
}

/** One tool: from the original state, then the same again. Throws when a run failed or a host is not as it should be. */
export async function oneRound(bench: Bench, tool: ToolName): Promise<Times> {
  const { lab, hosts, folder } = bench
  await rm(join(folder, '.ansible'), { recursive: true, force: true })
  await Promise.all(hosts.map((host) => reset(lab, host)))
  const first = await runWorkload(bench, tool)
  const before = await checkedPids(bench, { tool, run: first })
  const second = await runWorkload(bench, tool)
  const after = await checkedPids(bench, { tool, run: second })
  if (before.join() !== after.join()) throw new Error(`The second run of ${tool} restarted the service`)
  return { first: first.seconds, second: second.seconds }
}

export function runWorkload({ lab, folder }: Bench, tool: ToolName, memory = false): Promise<Measured> {
  return measure(inNetwork(lab, wordsOf(tool, folder)), { cwd: folder, env: environment(lab, folder), memory })
}

/** `ip netns exec` becomes the command itself, so that what is measured is the tool. */
export function inNetwork(lab: Lab, words: readonly string[]): readonly string[] {
  return ['ip', 'netns', 'exec', namespaceOf(lab.name), ...words]
}

function environment(lab: Lab, folder: string): Readonly<Record<string, string>> {
  return {
    HOME: folder,
    SSH_KEY: join(lab.folder, 'key'),
    KNOWN_HOSTS: join(folder, 'known_hosts'),
    KEYSTORE_PASSWORD: keystorePassword,
    ANSIBLE_CONFIG: join(folder, 'ansible.cfg'),
    PYTHONWARNINGS: 'ignore',
  }
}

async function checkedPids(
  { lab, hosts }: Bench,
  { tool, run }: { readonly tool: ToolName; readonly run: Measured },
): Promise<readonly string[]> {
  if (run.exitCode !== 0) throw new Error(`${tool} ended with ${run.exitCode}:\n${run.output.slice(-3000)}`)
  const states = await Promise.all(hosts.map((host) => stateOf(lab, host)))
  const wrong = states.map((state, index) => (state.wrong === '' ? '' : `${hosts[index]?.name}: ${state.wrong}`))
  if (wrong.some((text) => text !== '')) {
    throw new Error(`${tool} left hosts not as wanted: ${wrong.join('\n')}\n${run.output.slice(-3000)}`)
  }
  return states.map((state) => state.pid)
}

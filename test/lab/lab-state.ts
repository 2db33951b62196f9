import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ElasticsearchVersion } from '../support/elasticsearch-distribution.ts'
import type { Machine } from './machine.ts'

export type Role = 'elasticsearch' | 'kibana' | 'metricbeat' | 'plain'

/** What a lab is to consist of. */
export interface LabPlan {
  readonly version: ElasticsearchVersion
  /** How many hosts with Elasticsearch, es1 and so on. */
  readonly nodes: number
  readonly kibana: boolean
  readonly metricbeat: boolean
  /** How many bare hosts besides, plain1 and so on: for benchmarks and for tests of the transport. */
  readonly plain: number
}

export interface LabHost extends Machine {
  readonly role: Role
}

/** A lab that is up, or was half up when something ended it; kept in its folder, so that any process can take it over. */
export interface LabState {
  readonly plan: LabPlan
  readonly hosts: readonly LabHost[]
  /** Made anew for each lab, so that a leaked one is unmistakable. */
  readonly passwords: { readonly elastic: string; readonly kibanaSystem: string; readonly metricbeatWriter: string }
}

export const defaultPlan: LabPlan = { version: '9.5.0', nodes: 3, kibana: true, metricbeat: true, plain: 0 }

/** @param network the first three parts of the lab's IPv4 network */
export function planState(lab: { name: string; folder: string; network: string }, plan: LabPlan): LabState {
  const hosts = (role: Role, stem: string, count: number, first: number): readonly LabHost[] =>
    Array.from({ length: count }, (_, index) => ({
      role,
      lab: lab.name,
      name: `${stem}${index + 1}`,
      address: `${lab.network}.${first + index}`,
      loopback: `127.10.0.${first + index}`,
      folder: join(lab.folder, 'hosts', `${stem}${index + 1}`),
    }))
  return {
    plan,
    hosts: [
      ...hosts('elasticsearch', 'es', plan.nodes, 11),
      ...hosts('kibana', 'kibana', plan.kibana ? 1 : 0, 41),
      ...hosts('metricbeat', 'beat', plan.metricbeat ? 1 : 0, 51),
      ...hosts('plain', 'plain', plan.plain, 101),
    ],
    passwords: { elastic: password(), kibanaSystem: password(), metricbeatWriter: password() },
  }
}

export async function writeState(folder: string, state: LabState): Promise<void> {
  await writeFile(join(folder, 'lab.json'), JSON.stringify(state, undefined, 2), { mode: 0o600 })
}

export function readState(folder: string): LabState | undefined {
  const file = join(folder, 'lab.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LabState) : undefined
}

function password(): string {
  return `lab${randomBytes(12).toString('hex')}`
}

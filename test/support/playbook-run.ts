import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import { openConnectionPool } from '../../src/connection/pool.ts'
import type { HostCounts, RunEvent, TaskFinished } from '../../src/engine/events.ts'
import { Interruption } from '../../src/engine/interruption.ts'
import { noJournal, type Journal } from '../../src/engine/journal/journal.ts'
import { noLock } from '../../src/engine/lock/run-lock.ts'
import { run, type RunOutcome, type Work } from '../../src/engine/run.ts'
import { InventoryVariables } from '../../src/inventory/inventory-variables.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import type { Module } from '../../src/modules/module.ts'
import { modulesByName } from '../../src/modules/registry.ts'
import { loadPlaybook } from '../../src/playbook/load.ts'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { Redactor } from '../../src/secrets/redactor.ts'

export interface PlaybookRun {
  /** YAML; `FOLDER` stands for a folder of this test. */
  readonly playbook: string
  /** Names of hosts reached without ssh; `down` is one that nobody reaches. Default h1, h2, h3. */
  readonly hosts?: readonly string[]
  readonly check?: boolean
  readonly tags?: readonly string[]
  readonly extraVars?: Readonly<Record<string, unknown>>
  readonly onEvent?: (event: RunEvent, interruption: Interruption) => void
  readonly journal?: Journal
  /** More modules than elkseal's own. */
  readonly modules?: readonly Module[]
  /** Instead of the plays. */
  readonly work?: Work
}

export interface PlaybookResult {
  readonly outcome: RunOutcome
  readonly events: readonly RunEvent[]
  /** `host task status`, in the order of the results; items of loops included. */
  readonly results: readonly string[]
  readonly counts: Readonly<Record<string, HostCounts>>
  of(task: string, host: string): TaskFinished
}

/** A folder and real playbooks on real shells of this machine: only the network is left out. */
export class PlaybookBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'elkseal-engine-'))

  file(path: string, text: string): string {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }

  async run(given: PlaybookRun): Promise<PlaybookResult> {
    const file = this.file('play.yml', given.playbook.replaceAll('FOLDER', this.folder))
    const vault = openVault([])
    const hosts = given.hosts ?? ['h1', 'h2', 'h3']
    const { inventory } = loadInventory([this.file('hosts.ini', hosts.map(hostLine).join('\n'))], {
      vault,
      folder: this.folder,
    })
    const events: RunEvent[] = []
    const interruption = new Interruption()
    const modules = new Map([...modulesByName, ...(given.modules ?? []).map((one) => [one.name, one] as const)])
    const outcome = await run(
      {
        id: 'test-run',
        playbook: loadPlaybook(file, modules),
        inventory,
        variables: new InventoryVariables(inventory, { vault }),
        modules,
        selection: { limit: undefined, tags: given.tags ?? [], skipTags: [], startAtTask: undefined },
        vault,
        redactor: new Redactor(),
        pool: openConnectionPool({
          home: this.folder,
          user: 'nobody',
          agentSocket: undefined,
          configFile: undefined,
          acceptNewHostKeys: false,
          warn: () => undefined,
        }),
        connectionDefaults: { timeoutSeconds: 5 },
        extraVars: { elkseal_backup_dir: join(this.folder, 'backup'), ...given.extraVars },
        check: given.check === true,
        diff: true,
        forks: 10,
        clock: systemClock,
        listen: (event) => {
          events.push(event)
          given.onEvent?.(event, interruption)
        },
        interruption,
        journal: given.journal ?? noJournal,
        lock: noLock,
        playbookFolder: this.folder,
        startFolder: this.folder,
        hosts: new Map(),
        dynamicGroups: new Map(),
      },
      given.work,
    )
    return resultOf(outcome, events)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function hostLine(name: string): string {
  // Port 9 of the loopback address: nobody listens there.
  return name.startsWith('down') ? `${name} ansible_host=127.0.0.1 ansible_port=9` : `${name} ansible_connection=local`
}

function resultOf(outcome: RunOutcome, events: readonly RunEvent[]): PlaybookResult {
  const tasks = events.filter((event) => event.event === 'task')
  const recap = events.find((event) => event.event === 'recap')
  return {
    outcome,
    events,
    results: tasks.map((event) => `${event.host} ${event.task} ${event.status}`),
    counts: recap?.hosts ?? {},
    of: (task, host) => {
      const found = tasks.find((event) => event.task === task && event.host === host)
      if (found === undefined) throw new Error(`no result of "${task}" on ${host}`)
      return found
    },
  }
}

import { dirname } from 'node:path'
import { systemClock } from '../clock.ts'
import { openConnectionPool } from '../connection/pool.ts'
import type { Listener } from '../engine/events.ts'
import { Interruption } from '../engine/interruption.ts'
import { noJournal, openJournal, type Journal } from '../engine/journal.ts'
import { learnPlainPasswords } from '../engine/learn-secrets.ts'
import { newRunId } from '../engine/run.ts'
import type { RunContext } from '../engine/run-context.ts'
import { modulesByName } from '../modules/registry.ts'
import type { Playbook } from '../playbook/playbook.ts'
import { Secret } from '../secrets/secret.ts'
import type { ConnectionDefaults } from '../vars/connection-variables.ts'
import { parseExtraVars } from '../vars/extra-vars.ts'
import type { RunOptions } from './options.ts'
import type { OpenedInventory } from './open-inventory.ts'
import { packageVersion } from './package-root.ts'
import type { ProcessView } from './process.ts'
import { askOnTerminal } from './prompt.ts'

export interface RunParts {
  readonly opened: OpenedInventory
  readonly options: RunOptions
  readonly view: ProcessView
  readonly listen: Listener
  /** False for what only looks: nothing to resume or to undo. */
  readonly journaled: boolean
}

/** Everything that a run needs, from what the command line gave. */
export function openRun(playbook: Playbook, parts: RunParts): RunContext {
  const { opened, options, listen } = parts
  const id = newRunId(systemClock.now())
  const check = options.check === true
  for (const host of opened.inventory.hosts.keys()) learnPlainPasswords(opened.variables.ofHost(host), opened.redactor)
  const extraVars = parseExtraVars(options.extraVars, { folder: parts.view.cwd, vault: opened.vault })
  learnPlainPasswords(extraVars, opened.redactor)
  const journal =
    check || !parts.journaled ? noJournal : openJournal(opened.stateFolder, id, (text) => opened.redactor.redact(text))
  startJournal(journal, id, playbook)
  return {
    id,
    playbook,
    ...opened,
    modules: modulesByName,
    selection: {
      limit: options.limit,
      tags: options.tags,
      skipTags: options.skipTags,
      startAtTask: options.startAtTask,
    },
    pool: openPool(parts),
    connectionDefaults: connectionDefaults(parts),
    extraVars,
    check,
    diff: options.diff === true,
    forks: options.forks,
    clock: systemClock,
    listen,
    interruption: new Interruption(),
    journal,
    playbookFolder: dirname(playbook.file),
    startFolder: parts.view.cwd,
    hosts: new Map(),
    dynamicGroups: new Map(),
  }
}

function openPool({ options, view, listen }: RunParts) {
  return openConnectionPool({
    home: view.env['HOME'] ?? '/',
    user: view.env['USER'] ?? view.env['LOGNAME'] ?? 'root',
    agentSocket: view.env['SSH_AUTH_SOCK'],
    configFile: options.sshConfig,
    acceptNewHostKeys: options.acceptNewHostKeys === true,
    warn: (message: string) => listen({ event: 'notice', level: 'warning', message }),
  })
}

function connectionDefaults({ options, opened }: RunParts): ConnectionDefaults {
  const ask = (prompt: string) => {
    const secret = new Secret(askOnTerminal(prompt))
    opened.redactor.add(secret)
    return secret
  }
  return {
    user: options.user,
    privateKeyFile: options.privateKey,
    password: options.askPass === true ? ask('SSH password: ') : undefined,
    sshCommonArgs: options.sshCommonArgs,
    timeoutSeconds: options.timeout,
    become: options.become,
    becomeUser: options.becomeUser,
    becomeMethod: options.becomeMethod,
    becomePassword: options.askBecomePass === true ? ask('BECOME password: ') : undefined,
  }
}

function startJournal(journal: Journal, id: string, playbook: Playbook): void {
  journal.append({
    record: 'run',
    id,
    playbook: playbook.file,
    started: systemClock.now().toISOString(),
    version: packageVersion(),
  })
}

import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { systemClock } from '../clock.ts'
import { openConnectionPool, type ConnectionPool } from '../connection/pool.ts'
import type { Listener } from '../engine/events.ts'
import { Interruption } from '../engine/interruption.ts'
import { noJournal, openJournal, reopenJournal, type Journal } from '../engine/journal/journal.ts'
import type { KeptRun } from '../engine/journal/run-folders.ts'
import type { Controller, PlaybookText } from '../engine/journal/record.ts'
import { learnPlainPasswords } from '../engine/learn-secrets.ts'
import { HostLocks } from '../engine/lock/host-locks.ts'
import { noLock } from '../engine/lock/run-lock.ts'
import { keepPlan } from '../engine/plan/kept-plan.ts'
import type { PlanWatch } from '../engine/plan/plan-watch.ts'
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
import { playbookDigest } from './playbook-digest.ts'
import type { ProcessView } from './process.ts'
import { askOnTerminal } from './prompt.ts'

export interface RunParts {
  readonly opened: OpenedInventory
  readonly options: RunOptions
  readonly view: ProcessView
  readonly listen: Listener
  /** False for what only looks: nothing to resume or to undo. */
  readonly journaled: boolean
  /** A run that goes on, or is undone, under its own name. */
  readonly kept?: KeptRun & { readonly as: 'resumed' | 'rollback' }
  /** What the same command is to run behind it. */
  readonly following?: readonly Playbook[]
  /** The plan that it is held to, which is kept with it. */
  readonly applied?: { readonly file: string; readonly text: string }
  /** Follows the run while a plan is made, compared or applied. */
  readonly plan?: PlanWatch
  /** Those of another run, to be used again. */
  readonly connections?: Connections
}

/** Connections of a command, with the passwords that were typed for them. */
export interface Connections {
  readonly pool: ConnectionPool
  readonly connectionDefaults: ConnectionDefaults
}

/** Everything that a run needs, from what the command line gave. */
export function openRun(playbook: Playbook, parts: RunParts): RunContext {
  const { opened, options, listen } = parts
  const id = parts.kept?.story.run.id ?? newRunId(systemClock.now())
  const check = options.check === true
  for (const host of opened.inventory.hosts.keys()) learnPlainPasswords(opened.variables.ofHost(host), opened.redactor)
  const extraVars = parseExtraVars(options.extraVars, { folder: parts.view.cwd, vault: opened.vault })
  learnPlainPasswords(extraVars, opened.redactor)
  const journal = check || !parts.journaled ? noJournal : startJournal(playbook, { id, extraVars, parts })
  const context: RunContext = {
    id,
    resumedSince: parts.kept?.as === 'resumed' ? new Date(parts.kept.story.started) : undefined,
    playbook,
    ...opened,
    modules: modulesByName,
    selection: {
      limit: options.limit,
      tags: options.tags,
      skipTags: options.skipTags,
      startAtTask: options.startAtTask,
    },
    ...(parts.connections ?? openConnections(parts)),
    extraVars,
    check,
    diff: options.diff === true,
    forks: options.forks,
    clock: systemClock,
    listen,
    interruption: new Interruption(),
    journal,
    lock: noLock,
    plan: parts.plan,
    playbookFolder: dirname(playbook.file),
    startFolder: parts.view.cwd,
    hosts: new Map(),
    dynamicGroups: new Map(),
  }
  return check || !parts.journaled ? context : { ...context, lock: new HostLocks(context) }
}

export function openConnections(parts: Pick<RunParts, 'opened' | 'options' | 'view' | 'listen'>): Connections {
  return { pool: openPool(parts), connectionDefaults: connectionDefaults(parts) }
}

function openPool({ options, view, listen }: Pick<RunParts, 'options' | 'view' | 'listen'>): ConnectionPool {
  return openConnectionPool({
    home: view.env['HOME'] ?? '/',
    user: view.env['USER'] ?? view.env['LOGNAME'] ?? 'root',
    agentSocket: view.env['SSH_AUTH_SOCK'],
    configFile: options.sshConfig,
    acceptNewHostKeys: options.acceptNewHostKeys === true,
    warn: (message: string) => listen({ event: 'notice', level: 'warning', message }),
  })
}

function connectionDefaults({ options, opened }: Pick<RunParts, 'options' | 'opened'>): ConnectionDefaults {
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

function startJournal(
  playbook: Playbook,
  run: { readonly id: string; readonly extraVars: Readonly<Record<string, unknown>>; readonly parts: RunParts },
): Journal {
  const { opened, options, view, kept, applied, following = [] } = run.parts
  const redact = (text: string) => opened.redactor.redact(text)
  const controller: Controller = {
    version: packageVersion(),
    user: view.env['USER'] ?? view.env['LOGNAME'] ?? '',
    controller: hostname(),
    process: process.pid,
  }
  if (kept !== undefined) {
    const journal = reopenJournal(kept.folder, kept.story.intents, redact)
    const limit = options.limit === undefined ? {} : { limit: options.limit }
    journal.append({ record: kept.as, ...controller, ...(kept.as === 'rollback' ? limit : {}) })
    return journal
  }
  const journal = openJournal(opened.stateFolder, run.id, redact)
  if (applied !== undefined && journal.folder !== undefined) keepPlan(journal.folder, applied.text)
  journal.append({
    record: 'run',
    id: run.id,
    ...textOf(playbook),
    ...(following.length === 0 ? {} : { followedBy: following.map(textOf) }),
    ...(applied === undefined ? {} : { plan: resolve(view.cwd, applied.file) }),
    ...(opened.playbookDir === dirname(playbook.file) ? {} : { variablesFolder: opened.playbookDir }),
    inventory: opened.sources,
    limit: options.limit,
    tags: options.tags,
    skipTags: options.skipTags,
    startAtTask: options.startAtTask,
    extraVars: Object.keys(run.extraVars).sort(),
    ...controller,
  })
  return journal
}

function textOf(playbook: Playbook): PlaybookText {
  return { playbook: playbook.file, sha256: playbookDigest(playbook) }
}

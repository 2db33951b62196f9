import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { TaskError } from '../errors.ts'
import { Forecast } from '../facts/forecast.ts'
import type { Reader, Subject } from '../facts/question.ts'
import type { Context, Look, Module } from '../modules/module.ts'
import type { Task } from '../playbook/playbook.ts'
import type { Scope } from '../vars/scope.ts'
import type { Stage } from './attempt.ts'
import { backupPlace } from './effects/backup-folder.ts'
import { effectRecorder } from './journal/effect-recorder.ts'
import type { Performer } from './effects/effect-kind.ts'
import { actingShell, environmentScript } from './environment.ts'
import { HostState } from './host-state.ts'
import { dropLooks, forgetLooks, touch } from './ahead/look-ahead.ts'
import { controllerMachine, controllerName, hostMachine, readerOf, shellOf, type Machine } from './machine.ts'
import { hostState, type RunContext } from './run-context.ts'
import { neverChanges } from './never-changes.ts'
import { taskScope, type TaskPlace } from './task-scope.ts'
import { isTrue } from './values.ts'

export interface StageParts {
  readonly context: RunContext
  readonly task: Task
  readonly host: string
  readonly place: TaskPlace
  readonly scope: Scope
  readonly module: Module
  /** The task's turn has not come: its looks may share answers with others. */
  readonly ahead?: boolean
  /** It sees what other changes are about to leave, and asks nothing. */
  readonly foreseen?: { readonly forecast: Forecast; readonly touched: readonly Subject[] }
}

/** Sets the stage for one task on one host: which machine, as whom, real or forecast. Nothing is connected yet. */
export function openStage(parts: StageParts, progress: (message: string) => void): Stage {
  const { context, task, place, scope } = parts
  const machine = machineFor(parts)
  const state = stateOf(context, machine.name)
  const here = stateOf(context, controllerName)
  state.isHere ??= machine.isHere()
  // `check_mode: false` acts in earnest in a check too; `check_mode: true` only forecasts in a real run.
  const check = isTrue(scope.renderValue(place.inherited.checkMode ?? context.check))
  const forecast = check ? forecastFor(state, place) : undefined
  const reader = readerOf(machine, parts.foreseen?.forecast ?? forecast, {
    answers: state.answers,
    ahead: parts.ahead === true,
    untouched: parts.foreseen?.touched,
  })
  state.accounts.add(reader.account)
  const environment = environmentScript(place.inherited.environment, scope)
  const backup = check ? undefined : backupPlace({ context, place, machine, scope })
  const performer = (subjects: readonly Subject[]): Performer => ({
    shell: actingShell(
      () => shellOf(machine),
      environment,
      () => touch(state, subjects),
    ),
    reader,
    backupDir: backup?.folder,
    backupRule: backup?.rule,
    clock: context.clock,
  })
  const controller = machine.isController
    ? reader
    : readerOf(controllerMachine(context), check ? here.forecast : undefined)
  const look = lookOf(parts, reader, controller)
  return {
    look,
    reader,
    here: { isAsked: () => controller.subjects.size > 0, changes: () => here.answers.changes },
    context: contextOf(parts),
    performer,
    forecast,
    onlyLooks: neverChanges(task),
    pending: () => isPending(forecast) || isPending(context.hosts.get(parts.host)?.forecast),
    touched: (subjects) => touch(state, subjects),
    performed: (subjects) => {
      if (state.accounts.size > 1) dropLooks(state, subjects)
      if (state.isHere === true) tellOtherNames(context, state, subjects)
    },
    waited: () => forgetLooks(state),
    changesBehind: async (change) => (await state.changesBehind?.(task, change)) ?? [],
    sentAhead: (attempt) => void state.sentAhead.set(task, attempt),
    permitted: () => context.lock.permit({ ...machine, scope, shell: () => shellOf(machine) }),
    record: effectRecorder(parts, { machine, state, look, performer, backup }),
    recorded: () => context.journal.synced(),
    progress,
    signal: context.interruption.signal,
  }
}

/** This machine may have several names, each with a shell of its own, of which none waits for the other. */
function tellOtherNames(context: RunContext, own: HostState, subjects: readonly Subject[]): void {
  stateOf(context, controllerName).answers.forget(subjects)
  for (const state of context.hosts.values()) if (state !== own && state.isHere === true) dropLooks(state, subjects)
}

function machineFor({ context, host, place, scope, module }: StageParts): Machine {
  if (module.on === 'controller') return controllerMachine(context)
  const { delegateTo } = place.inherited
  if (delegateTo === undefined) return hostMachine(context, host, scope, place.inherited)
  const name = String(scope.renderValue(delegateTo))
  if (name !== controllerName && !context.inventory.hosts.has(name)) {
    throw new TaskError(`Cannot delegate to "${name}": the inventory has no such host`)
  }
  return hostMachine(context, name, taskScope(context, name, place), place.inherited)
}

function lookOf({ context, task, scope }: StageParts, host: Reader, controller: Reader): Look {
  return {
    host,
    controller,
    vault: context.vault,
    render: (text) => scope.renderFile(text),
    findSource: (path, folder) => findSource(path, folder, [task.folder, context.playbookFolder]),
    clock: context.clock,
    resumedSince: context.resumedSince,
  }
}

function contextOf({ context, host, scope }: StageParts): Context {
  return {
    host,
    now: context.clock.now(),
    vault: context.vault,
    evaluate: (expression) => scope.evaluate(expression),
    render: (text) => scope.render(text),
    variable: (name) => scope.variable(name),
  }
}

function stateOf(context: RunContext, name: string): HostState {
  return hostState(context, name, () => new HostState(name, context.check))
}

/** What `check_mode: true` foresees will not have been done when the next task runs, in a check as in a real run. */
function forecastFor(state: HostState, { inherited }: TaskPlace): Forecast {
  if (state.forecast === undefined) return new Forecast()
  return inherited.checkMode === undefined ? state.forecast : state.forecast.fork()
}

function isPending(forecast: Forecast | undefined): boolean {
  return forecast?.pending === true
}

/** Ansible's search for a relative source: `files/` (or `templates/`) beside the task's file and the playbook, then beside them. */
function findSource(path: string, kind: string, folders: readonly string[]): string {
  if (isAbsolute(path)) return path
  const candidates = folders.flatMap((folder) => [join(folder, kind, path), join(folder, path)])
  const found = candidates.find((candidate) => existsSync(candidate))
  if (found !== undefined) return found
  throw new TaskError(`Could not find "${path}"`, { hint: `Looked for ${[...new Set(candidates)].join(', ')}` })
}

import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock } from '../clock.ts'
import { ChangeDigests } from '../engine/plan/change-digest.ts'
import { planFormat, type Plan } from '../engine/plan/plan.ts'
import { planText } from '../engine/plan/plan-file.ts'
import { inputsOf } from '../engine/plan/plan-inputs.ts'
import { PlanKey } from '../engine/plan/plan-key.ts'
import { PlanRecorder } from '../engine/plan/plan-recorder.ts'
import type { PlanWatch } from '../engine/plan/plan-watch.ts'
import type { RunOutcome } from '../engine/run.ts'
import { fileErrorText, UsageError } from '../errors.ts'
import type { Playbook } from '../playbook/playbook.ts'
import type { Reporter } from '../report/reporter.ts'
import { parseExtraVars } from '../vars/extra-vars.ts'
import { exitCodeOfRun, exitCodes } from './exit-code.ts'
import type { RunOptions } from './options.ts'
import type { OpenedInventory } from './open-inventory.ts'
import { packageVersion } from './package-root.ts'
import type { ProcessView } from './process.ts'

export interface PlanParts {
  readonly opened: OpenedInventory
  /** With `check`. */
  readonly options: RunOptions
  readonly view: ProcessView
  readonly reporter: Reporter
  /** Runs the check. */
  readonly check: (plan: PlanWatch) => Promise<RunOutcome>
}

/** Only a check of one playbook can be a plan. */
export function checkPlanOptions(playbooks: readonly string[], options: RunOptions): void {
  if (options.planOut === undefined) return
  const other = (['listHosts', 'listTasks', 'listTags', 'syntaxCheck'] as const).find((name) => options[name] === true)
  if (other !== undefined) {
    throw new UsageError('--plan-out needs a check run, and this only prints', {
      hint: 'Leave out --list-hosts, --list-tasks, --list-tags and --syntax-check',
    })
  }
  if (playbooks.length > 1) {
    throw new UsageError('A plan is of one playbook: what the second one does, the first one may change', {
      hint: 'Write one playbook that has the others with import_playbook',
    })
  }
}

/** Runs the check, and writes the plan of it if it went well. */
export async function makePlan(playbook: Playbook, file: string, parts: PlanParts): Promise<number> {
  const { opened, reporter, view } = parts
  const redact = (text: string) => opened.redactor.redact(text)
  const key = PlanKey.create(opened.vault)
  const recorder = new PlanRecorder(key, new ChangeDigests(key, opened.vault), redact)
  // Read before the check reads them: what is edited meanwhile is another playbook.
  const inputs = inputsNow(playbook, parts, key)
  const code = exitCodeOfRun(await parts.check(recorder))
  if (code !== exitCodes.ok) {
    reporter.listen({
      event: 'notice',
      level: 'warning',
      message: 'No plan was written, since the check did not go through',
    })
    return code
  }
  const plan: Plan = {
    format: planFormat,
    elkseal: packageVersion(),
    made: systemClock.now().toISOString(),
    command: commandOf(playbook, parts),
    ...recorder.finish(),
    inputs: { ...inputs, files: { ...inputsNow(playbook, parts, key, recorder.files).files, ...inputs.files } },
  }
  writeWhole(resolve(view.cwd, file), planText(plan, key))
  reporter.listen({
    event: 'notice',
    level: 'info',
    message: `The plan "${file}" has ${inWords(plan)}; to make them: elkseal apply ${file}`,
  })
  return code
}

export function inputsNow(
  playbook: Playbook,
  { opened, options, view }: Pick<PlanParts, 'opened' | 'options' | 'view'>,
  key: PlanKey,
  files?: Iterable<string>,
): Plan['inputs'] {
  const extraVars = parseExtraVars(options.extraVars, { folder: view.cwd, vault: opened.vault })
  const hosts = [...opened.inventory.hosts.keys()]
  return inputsOf({ playbook, hosts, variables: opened.variables, extraVars }, key, files)
}

export function inWords({ steps }: Plan): string {
  const changes = steps.filter(({ status }) => status === 'change')
  const unknown = steps.length - changes.length
  const hosts = new Set(changes.map(({ host }) => host)).size
  const known = `${counted(changes.length, 'change')} on ${counted(hosts, 'host')}`
  return unknown === 0 ? known : `${known}, and ${counted(unknown, 'step')} whose outcome only the run can show`
}

function counted(count: number, word: string): string {
  return `${String(count)} ${word}${count === 1 ? '' : 's'}`
}

function commandOf(playbook: Playbook, { opened, options, view }: PlanParts): Plan['command'] {
  return {
    playbook: playbook.file,
    inventory: opened.sources,
    limit: options.limit?.startsWith('@') === true ? `@${resolve(view.cwd, options.limit.slice(1))}` : options.limit,
    tags: options.tags,
    skipTags: options.skipTags,
    startAtTask: options.startAtTask,
    user: options.user,
    become: options.become,
    becomeUser: options.becomeUser,
    becomeMethod: options.becomeMethod,
  }
}

/** For its owner only, though nothing secret is in it: it tells how the hosts are set up. */
function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
  } catch (thrown) {
    rmSync(temporary, { force: true })
    throw new UsageError(`Cannot write the plan "${path}": ${fileErrorText(thrown)}`)
  }
}

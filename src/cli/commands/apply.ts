import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readPlanText } from '../../engine/plan/plan-file.ts'
import { fileErrorText, UsageError } from '../../errors.ts'
import { Redactor } from '../../secrets/redactor.ts'
import { checkVaultPassword } from '../check-vault-password.ts'
import { loadCheckedPlaybook, requireSomeHost } from '../checked-playbook.ts'
import { followPlan, plannedOptions } from '../follow-plan.ts'
import { openInventory } from '../open-inventory.ts'
import type { ApplyOptions } from '../options.ts'
import { packageVersion } from '../package-root.ts'
import type { ProcessView } from '../process.ts'
import { reported } from '../reported.ts'
import { vaultOf } from '../vault-sources.ts'

/** `elkseal apply`: the plan says the inventory and the playbook, so it is opened first. */
export async function applyCommand(file: string, given: ApplyOptions, view: ProcessView): Promise<number> {
  return reported(given, view, async (reporter) => {
    const redactor = new Redactor()
    reporter.learn(redactor)
    const tell = (message: string) => view.stderr.write(`${message}\n`)
    const vault = vaultOf({ options: given, view, redactor, tell, check: false })
    const text = textOf(resolve(view.cwd, file))
    const { plan, key } = readPlanText(text, file, { vault, version: packageVersion() })
    const options = plannedOptions(plan, given)
    const opened = openInventory(options, view, dirname(plan.command.playbook), { vault, redactor })
    const selected = { opened, options, view }
    const playbook = loadCheckedPlaybook(plan.command.playbook, selected)
    requireSomeHost([playbook], selected)
    checkVaultPassword(selected)
    return await followPlan({ ...selected, file, text, plan, key, playbook, reporter })
  })
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new UsageError(`Cannot read the plan "${path}": ${fileErrorText(thrown)}`)
  }
}

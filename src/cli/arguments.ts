import { Command, CommanderError, Help } from 'commander'
import { exitCodes } from './exit-code.ts'
import { collectWords, connectionOptions, inventoryOptions, outputOptions, sourceOptions } from './option-groups.ts'
import type {
  ApplyOptions,
  InventoryCommandOptions,
  InventoryOptions,
  ResumeOptions,
  RollbackOptions,
  RunOptions,
  UnlockOptions,
} from './options.ts'
import { packageVersion } from './package-root.ts'
import type { ProcessView } from './process.ts'

/** A parsed command line: what to do, with all it was given. */
export interface ParsedCommand {
  execute(view: ProcessView): Promise<number>
}

/** Reads argv. A number is an exit code: help or the version was shown, or the usage was wrong and that was said. */
export async function parseArguments(view: ProcessView): Promise<ParsedCommand | number> {
  let chosen: ParsedCommand | undefined
  const choose = (command: ParsedCommand) => {
    chosen = command
  }
  const program = createProgram(view, choose)
  try {
    await program.parseAsync([...view.argv], { from: 'user' })
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.input
    throw thrown
  }
  if (chosen === undefined) {
    program.outputHelp()
    return exitCodes.input
  }
  return chosen
}

const firstSteps = `
First look, then do it, then prove it:
  elkseal run playbooks/secure-http.yml -i inventory.yml --check --diff
  elkseal run playbooks/secure-http.yml -i inventory.yml
  elkseal verify -i inventory.yml`

function createProgram(view: ProcessView, choose: (command: ParsedCommand) => void): Command {
  const program = new Command('elkseal')
    .description('Secures a self-managed Elastic Stack over SSH and keeps it secure')
    .exitOverride()
    .configureOutput({ writeOut: (text) => view.stdout.write(text), writeErr: (text) => view.stderr.write(text) })
    .configureHelp({
      optionDescription: (option) => new Help().optionDescription(option).replace(' (default: [])', ''),
    })
    .showSuggestionAfterError()
    .showHelpAfterError('(elkseal --help tells all commands, elkseal COMMAND --help all options)')
    .helpCommand(true)
    .version(`elkseal ${packageVersion()}`, '-V, --version', 'print the version')
    .addHelpText('after', firstSteps)
  addRun(program, choose)
  addResume(program, choose)
  addRollback(program, choose)
  addApply(program, choose)
  addUnlock(program, choose)
  addVerify(program, choose)
  addInventory(program, choose)
  addDoc(program, choose)
  addCerts(program, choose)
  return program
}

function addRun(program: Command, choose: (command: ParsedCommand) => void): void {
  const command = program
    .command('run')
    .description('Run playbooks against the inventory')
    .argument('<playbook...>', 'playbook files')
    .option('-C, --check', 'change nothing; tell exactly what would be changed')
    .option('-D, --diff', 'show the differences in files')
    .option('-t, --tags <tags>', 'only tasks with these tags', collectWords, [])
    .option('--skip-tags <tags>', 'not the tasks with these tags', collectWords, [])
    .option('--start-at-task <name>', 'start at the task of this name')
    .option('--list-hosts', 'print the hosts of each play and stop')
    .option('--list-tasks', 'print the tasks and stop')
    .option('--list-tags', 'print the tags and stop')
    .option('--syntax-check', 'check the playbooks and stop')
    .option('--plan-out <file>', 'check, and write what would be done into a file for "elkseal apply"')
  outputOptions(connectionOptions(inventoryOptions(command)))
  command.action((playbooks: string[], options: RunOptions) =>
    choose({
      execute: async (view) => {
        const { runCommand } = await import('./commands/run.ts')
        return runCommand(playbooks, options, view)
      },
    }),
  )
}

function addResume(program: Command, choose: (command: ParsedCommand) => void): void {
  const command = program
    .command('resume')
    .description(
      'Go on with a run that was cut off: the same playbooks, limit, tags and plan; what is done is found by looking',
    )
    .argument('[run]', 'name of the run; none means the latest that did not complete')
    .option('-C, --check', 'change nothing; tell exactly what would be changed')
    .option('-D, --diff', 'show the differences in files')
    .option('--allow-changed-playbook', 'also when the playbook has changed since')
  outputOptions(connectionOptions(inventoryOptions(command)))
  command.action((id: string | undefined, options: ResumeOptions) =>
    choose({
      execute: async (view) => {
        const { resumeCommand } = await import('./commands/resume.ts')
        return resumeCommand(id, options, view)
      },
    }),
  )
}

function addRollback(program: Command, choose: (command: ParsedCommand) => void): void {
  const command = program
    .command('rollback')
    .description('Undo what a run changed: files, keystores and services are as they were before it')
    .argument('[run]', 'name of the run; none means the latest that changed anything')
    .option('-C, --check', 'change nothing; tell what would be undone, by the journal')
  outputOptions(connectionOptions(inventoryOptions(command)))
  command.action((id: string | undefined, options: RollbackOptions) =>
    choose({
      execute: async (view) => {
        const { rollbackCommand } = await import('./commands/rollback.ts')
        return rollbackCommand(id, options, view)
      },
    }),
  )
}

function addApply(program: Command, choose: (command: ParsedCommand) => void): void {
  const command = program
    .command('apply')
    .description('Do what a plan of "run --plan-out" says; refuse if anything has moved since')
    .argument('<plan>', 'the plan file')
    .option('-C, --check', 'only tell whether the plan still holds')
    .option('-D, --diff', 'show the differences in files')
  outputOptions(connectionOptions(sourceOptions(command)))
  command.action((file: string, options: ApplyOptions) =>
    choose({
      execute: async (view) => {
        const { applyCommand } = await import('./commands/apply.ts')
        return applyCommand(file, options, view)
      },
    }),
  )
}

function addUnlock(program: Command, choose: (command: ParsedCommand) => void): void {
  const command = program
    .command('unlock')
    .description('Show the locks that runs hold on the hosts; with --id remove those of a run that cannot end any more')
    .option('--id <run>', 'name of the run whose locks are removed')
  outputOptions(connectionOptions(inventoryOptions(command)))
  command.action((options: UnlockOptions) =>
    choose({
      execute: async (view) => {
        const { unlockCommand } = await import('./commands/unlock.ts')
        return unlockCommand(options, view)
      },
    }),
  )
}

function addVerify(program: Command, choose: (command: ParsedCommand) => void): void {
  const command = program
    .command('verify')
    .description('Look at the whole cluster from outside and tell whether it is secured as it should be')
  outputOptions(connectionOptions(inventoryOptions(command)))
  command.action((options: RunOptions) =>
    choose({
      execute: async (view) => {
        const { verifyCommand } = await import('./commands/verify.ts')
        return verifyCommand(options, view)
      },
    }),
  )
}

function addInventory(program: Command, choose: (command: ParsedCommand) => void): void {
  const command = program
    .command('inventory')
    .description('Print the inventory as ansible-inventory does')
    .option('--list', 'all hosts and groups as JSON')
    .option('--graph [group]', 'the groups as a tree')
    .option('--host <host>', 'the variables of one host')
    .option('-y, --yaml', 'YAML instead of JSON')
    .option('--vars', 'with --graph: variables too')
  inventoryOptions(command)
  command.action((options: InventoryCommandOptions) =>
    choose({
      execute: async (view) => {
        const { inventoryCommand } = await import('./commands/inventory.ts')
        return inventoryCommand(options, view)
      },
    }),
  )
}

function addDoc(program: Command, choose: (command: ParsedCommand) => void): void {
  program
    .command('doc')
    .description('Print the documentation of modules')
    .argument('[module...]', 'names of modules; none lists all')
    .action((names: string[]) =>
      choose({
        execute: async (view) => {
          const { docCommand } = await import('./commands/doc.ts')
          return docCommand(names, view)
        },
      }),
    )
}

function addCerts(program: Command, choose: (command: ParsedCommand) => void): void {
  const certs = program.command('certs').description('Certificates: what is installed and served, and what is due')
  const status = certs
    .command('status', { isDefault: true })
    .description('What is in the store, on the hosts and served, until when, and what a renewal would do and why')
  outputOptions(connectionOptions(inventoryOptions(status)))
  status.action((options: RunOptions) =>
    choose({
      execute: async (view) => {
        const { certsStatusCommand } = await import('./commands/certs-status.ts')
        return certsStatusCommand(options, view)
      },
    }),
  )
  const command = certs
    .command('export')
    .description("Write a zip in elasticsearch-certutil's layout, for deploying by hand")
    .argument('<file>', 'the zip file to write')
  inventoryOptions(command)
  command.action((file: string, options: InventoryOptions) =>
    choose({
      execute: async (view) => {
        const { certsExportCommand } = await import('./commands/certs-export.ts')
        return certsExportCommand(file, options, view)
      },
    }),
  )
}

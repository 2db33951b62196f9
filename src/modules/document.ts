import { argumentDocuments, type ArgumentDocument } from './arguments.ts'
import type { Module } from './module.ts'

/** A module's page as Markdown: `elkseal doc NAME` prints it, docs/modules/NAME.md holds it. */
export function renderDocument(module: Module): string {
  const others = module.aliases.length === 0 ? [] : [`Also: ${module.aliases.map(code).join(', ')}.`, '']
  return [
    `# ${module.name}`,
    '',
    `${module.summary.replace(/\.$/, '')}.`,
    '',
    ...others,
    ...notes(module),
    ...argumentSection(module),
    '## Examples',
    '',
    '```yaml',
    module.examples.trim(),
    '```',
    '',
  ].join('\n')
}

/** The list of all modules as Markdown: docs/modules/README.md. */
export function renderIndex(modules: readonly Module[]): string {
  const rows = modules.map((module) => `| [${module.name}](${module.name}.md) | ${cell(module.summary)} |`)
  return ['# Modules', '', '| module | what it does |', '| --- | --- |', ...rows, ''].join('\n')
}

function notes(module: Module): readonly string[] {
  const found: string[] = []
  if (module.on === 'controller')
    found.push('It works on the controller, in the certificate store; hosts are not touched.')
  if (module.freeForm !== undefined) {
    found.push(`Short form: \`${module.name}: TEXT\` sets ${code(module.freeForm)}.`)
  }
  if (module.neverConverges === true) {
    found.push('What it does cannot be foreseen: in check mode the task is `undetermined` unless it has nothing to do.')
  }
  if (module.rawArguments !== undefined) {
    found.push(`${module.rawArguments.map(code).join(', ')}: an expression, without braces.`)
  }
  return found.flatMap((note) => [note, ''])
}

function argumentSection(module: Module): readonly string[] {
  if (module.anyArguments === true) return ['Its arguments are names and values of your own.', '']
  const list = argumentDocuments(module)
  if (list.length === 0) return ['It has no arguments.', '']
  const head = ['## Arguments', '', '| argument | type | default | meaning |', '| --- | --- | --- | --- |']
  return [...head, ...list.map(argumentRow), '']
}

function argumentRow(argument: ArgumentDocument): string {
  const { name, aliases, type, required, choices, description } = argument
  const names = [code(name), ...aliases.map((alias) => `(${code(alias)})`)].join(' ')
  const fallback = required
    ? '**required**'
    : argument.default === undefined
      ? ''
      : code(JSON.stringify(argument.default))
  const meaning = choices === undefined ? description : `${description}. One of ${choices.map(code).join(', ')}`
  return `| ${[names, type, fallback, meaning].map(cell).join(' | ')} |`
}

function code(text: string): string {
  return `\`${text}\``
}

/** A bar or a line end would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ')
}

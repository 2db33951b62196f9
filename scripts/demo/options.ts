import { parseArgs } from 'node:util'
import { DemoError } from './demo-error.ts'

export const usage = `Usage: npm run demo [-- --stand-in]

  --stand-in   run against the stand-in of Elasticsearch that comes with elkseal, although the real one may be there
`

export interface DemoOptions {
  readonly help: boolean
  readonly standIn: boolean
}

export function demoOptions(words: readonly string[]): DemoOptions {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: { help: { type: 'boolean', short: 'h' }, 'stand-in': { type: 'boolean' } },
    })
    return { help: values.help === true, standIn: values['stand-in'] === true }
  } catch (thrown) {
    throw new DemoError(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${usage}`)
  }
}

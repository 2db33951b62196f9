import * as z from 'zod'
import { quote } from '../../src/connection/quote.ts'
import { fileAt } from '../../src/facts/file.ts'
import { defineModule } from '../../src/modules/module.ts'

/**
 * A daemon that reads its file when it starts, and no process: what it runs with is what it has copied, and each of its
 * starts and stops is a line in a log.
 */
export const smallDaemon = defineModule({
  name: 'small_daemon',
  aliases: [],
  summary: 'Restarts a daemon of this test when it runs with an older file',
  examples: '',
  args: z.strictObject({ folder: z.string() }),
  inspect: async (look, { folder }) => {
    const [file, loaded] = await Promise.all([
      look.host.ask(fileAt(`${folder}/conf`)),
      look.host.ask(fileAt(`${folder}/loaded`)),
    ])
    const digest = (state: typeof file) => (state.kind === 'file' ? state.sha256 : undefined)
    return digest(file) === digest(loaded)
  },
  decide: (isCurrent, { folder }) => {
    if (isCurrent) return { kind: 'keep', reason: 'it runs with its file' }
    const act = (word: string) => `cd ${quote(folder)} && cp conf loaded && echo ${word} >> log`
    const scripts = { start: act('start'), stop: ':', restart: act('restart') }
    return {
      kind: 'change',
      change: {
        summary: 'restart it',
        effects: [{ kind: 'set-service', name: `daemon in ${folder}`, action: 'restart', scripts }],
      },
    }
  },
})

import { quote } from '../../connection/quote.ts'
import type { ChangeKeystore } from '../../modules/effect.ts'
import { isScript, noteScript, saveScript } from './backup.ts'
import type { EffectKind } from './effect-kind.ts'
import { exits, fileError, runScript } from './host-script.ts'

export const changeKeystore: EffectKind<ChangeKeystore> = {
  subjects: (effect) => [`keystore:${effect.path}`, `file:${effect.path}`],

  perform: async (effect, host) => {
    const script = [
      `p=${quote(effect.path)}`,
      saveScript(host, effect.path, `exit ${exits.failed}`),
      // The product's tool has the whole standard input, and an exit of its script is not ours.
      `(\n${effect.script}\n)`,
      `r=$?`,
      isScript,
      noteScript(host, '"$(is "$p")"', `exit ${exits.failed}`),
      `exit $r`,
    ].join('\n')
    const output = await runScript(host, { script, stdin: effect.stdin, timeoutMs: effect.timeoutMs }, (failed) =>
      fileError(failed, `changing the keystore "${effect.path}"`, 'settings named before may be changed'),
    )
    return { rc: output.code, path: effect.path }
  },

  forecast: async (effect, host) => {
    const changes = new Map<string, string | undefined>()
    for (const [name, value] of effect.set) changes.set(name, value.reveal())
    for (const name of effect.remove) changes.set(name, undefined)
    host.forecast.setKeystore(effect.path, changes)
    return 'known'
  },

  undoing: (effect) => ({ kind: 'path', path: effect.path }),
}

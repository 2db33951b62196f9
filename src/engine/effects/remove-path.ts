import { quote } from '../../connection/quote.ts'
import type { RemovePath } from '../../modules/effect.ts'
import { noteScript, saveScript } from './backup.ts'
import type { EffectKind } from './effect-kind.ts'
import { exits, fileError, runScript } from './host-script.ts'

export const removePath: EffectKind<RemovePath> = {
  subjects: (effect) => [`file:${effect.path}`],

  perform: async (effect, host) => {
    const failed = `exit ${exits.failed}`
    const script = [
      `p=${quote(withoutSlash(effect.path))}`,
      saveScript(host, withoutSlash(effect.path), failed),
      noteScript(host, 'absent', failed),
      `rm -rf -- "$p" || ${failed}`,
    ].join('\n')
    await runScript(host, { script }, (output) =>
      fileError(output, `removing "${effect.path}"`, 'parts of it may be gone'),
    )
    return { path: effect.path }
  },

  forecast: async (effect, host) => {
    host.forecast.setFile(withoutSlash(effect.path), { kind: 'absent' })
    return 'known'
  },

  undoing: (effect) => ({ kind: 'path', path: withoutSlash(effect.path) }),
}

/** A link with a slash behind it would mean what it points to. */
function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '')
}

import { posix } from 'node:path'
import { quote } from '../../connection/quote.ts'
import { fileAt } from '../../facts/file.ts'
import type { MakeLink } from '../../modules/effect.ts'
import { noteScript, saveScript } from './backup.ts'
import type { EffectKind } from './effect-kind.ts'
import { attributesAfter } from './foreseen-attributes.ts'
import { exits, fileError, runScript } from './host-script.ts'

export const makeLink: EffectKind<MakeLink> = {
  subjects: (effect) => [`file:${effect.path}`],

  perform: async (effect, host) => {
    const failed = `exit ${exits.failed}`
    const script = [
      `p=${quote(effect.path)}`,
      saveScript(host, effect.path, failed),
      `[ -d "$p" ] && [ ! -L "$p" ] && { rmdir -- "$p" || ${failed}; }`,
      ...(effect.hard === true ? [] : [noteScript(host, quote(`link:${effect.target}`), failed)]),
      `t="\${p%/*}/.elkseal.$$.link"`,
      `ln ${effect.hard === true ? '' : '-s '}-- ${quote(effect.target)} "$t" || ${failed}`,
      // rename() does nothing when both names are one file already: the temporary one would stay.
      `mv -fT -- "$t" "$p" || { rm -f -- "$t"; ${failed}; }`,
      `rm -f -- "$t"`,
    ].join('\n')
    await runScript(host, { script }, (output) =>
      fileError(output, `linking "${effect.path}" to "${effect.target}"`, 'what was there is unchanged'),
    )
    return { dest: effect.path, src: effect.target }
  },

  forecast: async (effect, host) => {
    if (effect.hard === true) {
      host.forecast.setFile(effect.path, await host.reader.ask(fileAt(effect.target)))
      return 'known'
    }
    const attributes = await attributesAfter({}, { kind: 'absent' }, { host, defaultMode: 0o777 })
    const target = posix.resolve(posix.dirname(effect.path), effect.target)
    const followed = await host.reader.ask(fileAt(target))
    host.forecast.setFile(effect.path, { kind: 'link', ...attributes, target: effect.target, followed })
    return 'known'
  },

  undoing: (effect) => ({ kind: 'path', path: effect.path }),
}

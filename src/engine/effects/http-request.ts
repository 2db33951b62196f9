import { httpRequest as send } from '../../facts/http.ts'
import type { HttpRequest } from '../../modules/effect.ts'
import type { EffectKind } from './effect-kind.ts'

/** Any status is a result, not an error: the module that asked says which are good. */
export const httpRequest: EffectKind<HttpRequest> = {
  // A request can change anything that a service on the host keeps.
  subjects: () => ['*'],

  perform: async (effect, host) => {
    const { status, headers, body } = await send(host.reader, effect.request)
    return { status, headers, content: body.toString() }
  },

  forecast: async (effect, host) => {
    if (effect.isForeseen === true) return 'known'
    host.forecast.notePending()
    return 'unknown'
  },

  undoing: () => undefined,
}

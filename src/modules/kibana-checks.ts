import * as z from 'zod'
import { kibanaStatus, type KibanaAnswer } from '../elastic/kibana-status.ts'
import { asError } from '../errors.ts'
import { filledText, int, secret } from './argument-types.ts'
import { checkProbe, type Check } from './check.ts'
import { defineModule, type Look } from './module.ts'

type State = KibanaAnswer | { readonly kind: 'no-answer'; readonly message: string }

export const kibanaChecks = defineModule({
  name: 'kibana_checks',
  aliases: ['elkseal.elastic.kibana_checks'],
  summary: 'Kibana is available, and sees Elasticsearch itself.',
  examples: `- name: Kibana is available and sees Elasticsearch
  kibana_checks:
    url: http://localhost:5601
    user: elastic
    password: "{{ elastic_password }}"
    wait: 180
`,
  args: z.strictObject({
    url: filledText().describe('Where Kibana answers, as seen from its own host.'),
    user: filledText().default('elastic').describe('Who asks for the whole status.'),
    password: secret().describe('Without credentials Kibana tells its level only, not its view of Elasticsearch.'),
    wait: int().default(0).describe('Seconds to wait until all is right; 0 looks once.'),
  }),
  inspect: async () => undefined,
  decide: (_, args, { host }) => ({
    kind: 'wait',
    what: 'Kibana to be available',
    timeoutMs: args.wait * 1000,
    intervalMs: 2000,
    probe: async (look) => checkProbe('Kibana', checksOf(await ask(look, args), host)),
  }),
})

interface Args {
  readonly url: string
  readonly user: string
  readonly password: Parameters<typeof kibanaStatus>[1]['password']
}

async function ask({ host }: Look, args: Args): Promise<State> {
  try {
    return await kibanaStatus(host, { url: args.url, user: args.user, password: args.password })
  } catch (thrown) {
    return { kind: 'no-answer', message: asError(thrown).message }
  }
}

function checksOf(state: State, host: string): readonly Check[] {
  const expected = 'available'
  const available = { name: 'kibana_available', host, expected }
  const view = { name: 'kibana_sees_elasticsearch', host, expected }
  switch (state.kind) {
    case 'no-answer':
      return [{ ...available, ok: false, found: state.message }]
    case 'refused':
      return [{ ...available, ok: false, found: `status ${state.status}: ${state.message}` }]
    case 'level':
      return [
        { ...available, ok: state.level === 'available', found: state.level },
        { ...view, ok: false, found: 'not told: Kibana answered without the details' },
      ]
    case 'status': {
      const { level, elasticsearch } = state
      const found =
        elasticsearch.level === 'available' ? elasticsearch.level : `${elasticsearch.level}: ${elasticsearch.summary}`
      return [
        { ...available, ok: level === 'available', found: level },
        { ...view, ok: elasticsearch.level === 'available', found },
      ]
    }
  }
}

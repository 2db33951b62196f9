import * as z from 'zod'
import { newestDocument, type DocumentQuestion } from '../elastic/newest-document.ts'
import { asError } from '../errors.ts'
import { beatState, type BeatState } from '../facts/beat-state.ts'
import type { Secret } from '../secrets/secret.ts'
import { filledText, int, path, secret, wordList } from './argument-types.ts'
import { checkProbe, type Check } from './check.ts'
import { defineModule, type Look } from './module.ts'

interface State {
  readonly beat: BeatState
  readonly newest: Date | undefined
  /** Why Elasticsearch could not be asked. */
  readonly trouble: string | undefined
}

export const metricbeatChecks = defineModule({
  name: 'metricbeat_checks',
  aliases: ['elkseal.elastic.metricbeat_checks'],
  summary: 'Metricbeat reaches Elasticsearch, and documents of this host, newer than its start, arrive there.',
  examples: `- name: Documents of this host arrive
  metricbeat_checks:
    service: metricbeat
    path_data: /var/lib/metricbeat
    command: metricbeat
    elasticsearch_hosts: [https://es1:9200]
    ca: "{{ lookup('file', 'pki/ca.pem') }}"
    password: "{{ elastic_password }}"
    wait: 120
`,
  args: z.strictObject({
    service: filledText().default('metricbeat').describe('The systemd unit.'),
    path_data: path().describe('Folder of meta.json, which holds the id that its documents carry.'),
    command: filledText().describe('The command with its --path options, as sh words.'),
    elasticsearch_hosts: wordList().describe('Where to ask for documents: the first that answers.'),
    ca: path().optional().describe('File on the host with the authorities to trust.'),
    user: filledText().default('elastic').describe('Who asks Elasticsearch.'),
    password: secret().describe('Password of that user.'),
    index: filledText().default('metricbeat-*').describe('Where its documents are.'),
    max_age: int().default(120).describe('Seconds after which the newest document is too old.'),
    wait: int().default(0).describe('Seconds to wait until all is right; 0 looks once.'),
  }),
  inspect: async () => undefined,
  decide: (_, args, { host }) => ({
    kind: 'wait',
    what: 'documents of this Metricbeat to arrive',
    timeoutMs: args.wait * 1000,
    intervalMs: 3000,
    probe: async (look) => checkProbe('Metricbeat', checksOf(await lookAt(look, args), args, host)),
  }),
})

interface Args {
  readonly service: string
  readonly path_data: string
  readonly command: string
  readonly elasticsearch_hosts: readonly string[]
  readonly ca?: string | undefined
  readonly user: string
  readonly password: Secret
  readonly index: string
  readonly max_age: number
}

async function lookAt({ host }: Look, args: Args): Promise<State> {
  const beat = await host.ask(
    beatState({ service: args.service, pathData: args.path_data, command: args.command, caFile: args.ca }),
  )
  if (beat.agentId === undefined) return { beat, newest: undefined, trouble: 'it never started: there is no meta.json' }
  const question: DocumentQuestion = {
    urls: args.elasticsearch_hosts,
    ca: beat.ca,
    user: args.user,
    password: args.password,
    index: args.index,
    agentId: beat.agentId,
  }
  try {
    return { beat, newest: await newestDocument(host, question), trouble: undefined }
  } catch (thrown) {
    return { beat, newest: undefined, trouble: asError(thrown).message }
  }
}

function checksOf({ beat, newest, trouble }: State, args: Args, host: string): readonly Check[] {
  const reaches: Check = {
    name: 'metricbeat_reaches_elasticsearch',
    host,
    ok: beat.outputTrouble === undefined,
    expected: 'test output: OK',
    found: beat.outputTrouble ?? 'test output: OK',
  }
  const running: Check = {
    name: 'metricbeat_running',
    host,
    ok: beat.startedAt !== undefined,
    expected: 'a running process',
    found: beat.startedAt === undefined ? 'none' : `started ${beat.startedAt.toISOString()}`,
  }
  return [running, reaches, arrival({ beat, newest, trouble }, args, host)]
}

/** Both times are the host's own: a document carries the clock of the machine that made it. */
function arrival({ beat, newest, trouble }: State, args: Args, host: string): Check {
  const age = newest === undefined ? Infinity : (beat.now.getTime() - newest.getTime()) / 1000
  const fresh = newest !== undefined && beat.startedAt !== undefined && newest > beat.startedAt
  return {
    name: 'metricbeat_documents_arrive',
    host,
    ok: fresh && age <= args.max_age,
    expected: `one newer than its start and than ${args.max_age} s`,
    found: trouble ?? (newest === undefined ? 'none' : `the newest is of ${newest.toISOString()}`),
  }
}

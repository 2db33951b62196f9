import * as z from 'zod'
import { openBeatKeystore } from '../elastic/sealed-store.ts'
import { quote } from '../connection/quote.ts'
import { Secret } from '../secrets/secret.ts'
import { filledText, mapping, path, wordList } from './argument-types.ts'
import { keystoreChange, keystoreDecision, wantedSecrets, type KeystoreDifference } from './keystore-change.ts'
import { defineModule } from './module.ts'
import { keystoreNow } from './keystore-now.ts'

export const metricbeatKeystore = defineModule({
  name: 'metricbeat_keystore',
  aliases: ['elkseal.elastic.metricbeat_keystore'],
  summary: 'Secrets in the Metricbeat keystore, for "${NAME}" in its settings.',
  examples: `- name: The password of the writer
  metricbeat_keystore:
    command: /usr/bin/metricbeat
    path: /var/lib/metricbeat/metricbeat.keystore
    set:
      ES_PASSWORD: "{{ metricbeat_writer_password }}"
`,
  args: z.strictObject({
    command: filledText().describe('The command with its --path options, as sh words.'),
    path: path().describe('The keystore file.'),
    set: mapping().default({}).describe('Names and their values.'),
    absent: wordList().default([]).describe('Names to remove.'),
  }),
  inspect: ({ host }, args) => keystoreNow(host, args.path),
  decide: ({ file, pending }, args) => {
    const content = file.kind === 'file' && file.size > 0 ? file.content : undefined
    const stored = content === undefined ? new Map<string, string>() : openBeatKeystore(content, args.path)
    const change = keystoreChange({ stored, pending, set: stringForms(wantedSecrets(args.set)), absent: args.absent })
    return keystoreDecision(args.path, change, () => ({
      script: script(args.command, change),
      stdin: new Secret([...change.set.values()].map((value) => `${value.reveal()}\n`).join('')),
    }))
  },
})

/**
 * Metricbeat parses a stored value as YAML when it uses it: a comma, a leading zero or a quote would change it. As a
 * JSON string every password arrives as it is.
 */
function stringForms(set: ReadonlyMap<string, Secret>): ReadonlyMap<string, Secret> {
  return new Map([...set].map(([name, value]) => [name, new Secret(JSON.stringify(value.reveal()))]))
}

function script(command: string, change: KeystoreDifference): string {
  return [
    ...[...change.set.keys()].flatMap((name) => [
      `IFS= read -r value`,
      // Without --force a missing keystore makes it ask, and the value is taken for the answer.
      `printf '%s' "$value" | ${command} keystore add ${quote(name)} --stdin --force >&2 || exit 1`,
    ]),
    ...change.remove.map((name) => `${command} keystore remove ${quote(name)} </dev/null >&2 || exit 1`),
    'exit 0',
  ].join('\n')
}

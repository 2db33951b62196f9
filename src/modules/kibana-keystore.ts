import * as z from 'zod'
import { quote } from '../connection/quote.ts'
import { openKibanaKeystore } from '../elastic/sealed-store.ts'
import type { FileState } from '../facts/file.ts'
import { Secret } from '../secrets/secret.ts'
import { filledText, mapping, path, secret, wordList } from './argument-types.ts'
import { keystoreChange, keystoreDecision, wantedSecrets, type KeystoreDifference } from './keystore-change.ts'
import { defineModule } from './module.ts'
import { keystoreNow } from './keystore-now.ts'

export const kibanaKeystore = defineModule({
  name: 'kibana_keystore',
  aliases: ['elkseal.elastic.kibana_keystore'],
  summary: 'Settings in the Kibana keystore, which win over kibana.yml.',
  examples: `- name: The password of kibana_system
  kibana_keystore:
    home: /usr/share/kibana
    path: /etc/kibana/kibana.keystore
    user: kibana
    group: kibana
    set:
      elasticsearch.password: "{{ kibana_system_password }}"
    absent: [elasticsearch.hosts]
`,
  args: z.strictObject({
    home: path().describe('Installation folder, with bin/kibana-keystore.'),
    path: path().describe('The keystore file.'),
    user: filledText().default('kibana').describe('The account that must be able to read the keystore.'),
    group: filledText().default('kibana').describe('The group of a keystore that is made.'),
    password: secret().optional().describe('Password of a protected keystore.'),
    set: mapping().default({}).describe('Setting names and their values. Stored as text, never as a number.'),
    absent: wordList().default([]).describe('Names of settings to remove.'),
  }),
  inspect: ({ host }, args) => keystoreNow(host, args.path),
  decide: ({ file, pending }, args) => {
    const stored = storedIn(file, args)
    const change = keystoreChange({ stored, pending, set: wantedSecrets(args.set), absent: args.absent })
    const exists = file.kind === 'file' && file.size > 0
    return keystoreDecision(args.path, change, () => ({
      script: script(args, change, exists),
      stdin: stdinOf(args, change),
    }))
  },
})

interface Args {
  readonly home: string
  readonly path: string
  readonly user: string
  readonly group: string
  readonly password?: Secret | undefined
}

function storedIn(file: FileState, args: Args): ReadonlyMap<string, string> {
  if (file.kind !== 'file' || file.content === undefined || file.size === 0) return new Map()
  const opened = openKibanaKeystore(file.content, args.path, args.password?.reveal() ?? '')
  return new Map([...opened].map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))
}

/** The tool parses a value as JSON if it can, so a password of digits would become a number. */
function stdinOf({ password }: Args, { set }: KeystoreDifference): Secret {
  const lines = [password?.reveal() ?? '', ...[...set.values()].map((value) => JSON.stringify(value.reveal()))]
  return new Secret(lines.map((line) => `${line}\n`).join(''))
}

/**
 * The tool ends with 0 on nearly every error, so each value is read back. `read -r` and `printf` belong to the shell:
 * no secret becomes an argument of a process.
 */
function script(args: Args, change: KeystoreDifference, exists: boolean): string {
  return [
    `store=${quote(args.path)}; bin=${quote(`${args.home}/bin/kibana-keystore`)}`,
    `KBN_PATH_CONF=${quote(args.path.slice(0, args.path.lastIndexOf('/')))}; export KBN_PATH_CONF`,
    `IFS= read -r password`,
    // The keystore's own password comes as a file that is a pipe, so that it stands in no process's environment.
    `tool() {`,
    `  if [ -n "$password" ]; then KBN_KEYSTORE_PASSPHRASE_FILE=/dev/fd/3 "$bin" "$@" 3<<END`,
    `$password`,
    `END`,
    `  else "$bin" "$@"; fi`,
    `}`,
    // Made by root with our umask it is 0600 root, which Kibana could not read; the next run would find it there.
    ...(exists
      ? []
      : [
          `tool create </dev/null >/dev/null || exit 1`,
          `chgrp ${quote(args.group)} "$store" && chmod 0660 "$store" || exit 1`,
        ]),
    ...[...change.set.keys()].flatMap((name) => [
      `IFS= read -r value`,
      `printf '%s\\n' "$value" | tool add --stdin --force ${quote(name)} >/dev/null || exit 1`,
      `tool list </dev/null | grep -Fqx ${quote(name)} || { echo ${quote(`kibana-keystore did not store "${name}"`)} >&2; exit 1; }`,
    ]),
    ...change.remove.flatMap((name) => [
      `tool remove ${quote(name)} </dev/null >/dev/null || exit 1`,
      `tool list </dev/null | grep -Fqx ${quote(name)} && { echo ${quote(`kibana-keystore did not remove "${name}"`)} >&2; exit 1; }`,
    ]),
    'exit 0',
  ].join('\n')
}

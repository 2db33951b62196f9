import * as z from 'zod'
import { quote, quoteWords } from '../connection/quote.ts'
import { KeystoreError, keystoreHeader, readKeystore } from '../elastic/keystore-file.ts'
import { TaskError } from '../errors.ts'
import { fileAt } from '../facts/file.ts'
import type { Question } from '../facts/question.ts'
import { Secret } from '../secrets/secret.ts'
import { mapping, path, secret, textList } from './argument-types.ts'
import { keystoreChange, keystoreDecision, wantedSecrets, type KeystoreDifference } from './keystore-change.ts'
import { defineModule, type Look } from './module.ts'
import { pendingKeystoreChanges } from './keystore-now.ts'

interface State {
  readonly exists: boolean
  readonly isProtected: boolean
  readonly hasStaleCopy: boolean
  readonly stored: ReadonlyMap<string, string>
  readonly pending: ReadonlyMap<string, string | undefined>
}

const args = z.strictObject({
  home: path().describe('Installation folder of Elasticsearch.'),
  path_conf: path().describe('Folder of elasticsearch.keystore.'),
  set: mapping()
    .default({})
    .meta({ aliases: ['settings'], secret: true })
    .describe('Names and values of secure settings.'),
  absent: textList().default([]).describe('Names of secure settings to remove.'),
  password: secret().optional().describe('Password of a protected keystore.'),
})

export const elasticsearchKeystore = defineModule({
  name: 'elasticsearch_keystore',
  aliases: ['elkseal.elastic.elasticsearch_keystore'],
  summary:
    'Sets and removes secure settings in the keystore of Elasticsearch; what is stored already is compared first.',
  examples: `
- name: The password of http.p12 in the Elasticsearch keystore
  elasticsearch_keystore:
    home: /usr/share/elasticsearch
    path_conf: /etc/elasticsearch
    set:
      xpack.security.http.ssl.keystore.secure_password: '{{ http_p12_password }}'
    absent:
      - xpack.security.http.ssl.keystore.secure_key_password
`,
  args,
  inspect,
  decide: (state, wish) => {
    const file = keystorePath(wish.path_conf)
    if (state.hasStaleCopy) {
      return {
        kind: 'fail',
        message: `"${file}.tmp" is left from an interrupted elasticsearch-keystore, or one is running now`,
        hint: `When none is running: rm ${quote(`${file}.tmp`)}`,
      }
    }
    const set = wantedSecrets(wish.set)
    for (const [name, value] of set) {
      if (!/^[A-Za-z0-9_.-]+$/.test(name))
        return { kind: 'fail', message: `"${name}" cannot be the name of a secure setting` }
      if (/[\r\n]/.test(value.reveal())) {
        return { kind: 'fail', message: `The value of "${name}" holds a line end, which the keystore tool cannot take` }
      }
    }
    const difference = keystoreChange({ stored: state.stored, pending: state.pending, set, absent: wish.absent })
    const reason = `${file} ${difference.reason}`
    return keystoreDecision(file, { ...difference, reason }, () => ({
      script: changeScript(wish, difference, state.isProtected),
      stdin: stdinOf(difference, state.isProtected ? wish.password : undefined),
    }))
  },
})

async function inspect({ host }: Look, wish: z.infer<typeof args>): Promise<State> {
  const file = keystorePath(wish.path_conf)
  const [current, stale, pending] = await Promise.all([
    host.ask(fileAt(file, { content: true })),
    host.ask(fileAt(`${file}.tmp`)),
    host.ask(pendingKeystoreChanges(file)),
  ])
  const state = { pending, hasStaleCopy: stale.kind !== 'absent' }
  if (current.kind === 'absent') return { ...state, exists: false, isProtected: false, stored: new Map() }
  if (current.kind !== 'file' || current.content === undefined) {
    throw new TaskError(`Cannot read "${file}"`, { hint: 'Use become: true' })
  }
  const { isProtected } = keystoreHeader(current.content)
  // Opening takes a while by intent; where nothing is compared it would only prove a password.
  if (!isProtected && Object.keys(wish.set).length === 0 && wish.absent.length === 0) {
    return { ...state, exists: true, isProtected, stored: new Map() }
  }
  try {
    const secrets = await readKeystore(current.content, wish.password)
    const stored = new Map([...secrets].map(([name, value]) => [name, value.reveal()]))
    return { ...state, exists: true, isProtected, stored }
  } catch (thrown) {
    if (!(thrown instanceof KeystoreError) || thrown.trouble !== 'unknown-format') throw thrown
    const names = [...Object.keys(wish.set), ...wish.absent]
    const stored = await host.ask(shownByTool(wish, names, isProtected))
    return { ...state, exists: true, isProtected, stored }
  }
}

/** Asks the product's own tool, one Java start a name: for keystores of a format newer than this code. */
function shownByTool(
  wish: z.infer<typeof args>,
  names: readonly string[],
  isProtected: boolean,
): Question<ReadonlyMap<string, string>> {
  return {
    subjects: [`keystore:${keystorePath(wish.path_conf)}`],
    script: [
      ...toolScript(wish),
      isProtected ? 'IFS= read -r pass' : 'pass=',
      `for name in ${quoteWords(names)}; do`,
      `  value=$(printf '%s\\n' "$pass" | tool show "$name" 2>/dev/null) || continue`,
      `  printf '%s %s\\n' "$name" "$(printf '%s' "$value" | base64 | tr -d '\\n')"`,
      `done`,
    ].join('\n'),
    stdin: new Secret(isProtected ? `${wish.password?.reveal() ?? ''}\n` : ''),
    parse: ({ stdout }) =>
      new Map(
        stdout
          .toString()
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => {
            const [name = '', value = ''] = line.split(' ')
            return [name, Buffer.from(value, 'base64').toString()] as const
          }),
      ),
  }
}

/**
 * The tool refuses to change the owner of a keystore, so it runs as the owner; it sets mode 0660 whatever it was, so
 * owner and mode are put back.
 */
function toolScript({ home, path_conf: conf }: z.infer<typeof args>): string[] {
  return [
    `k=${quote(keystorePath(conf))}`,
    `ES_PATH_CONF=${quote(conf)}; export ES_PATH_CONF; unset JAVA_HOME`,
    `t=${quote(`${home}/bin/elasticsearch-keystore`)}`,
    `[ -x "$t" ] || { echo "There is no $t" >&2; exit 127; }`,
    `o=$(stat -L -c %U -- "$k" 2>/dev/null || stat -L -c %U -- ${quote(conf)})`,
    `as_owner=; [ "$(id -u)" -eq 0 ] && [ "$o" != root ] && as_owner=yes`,
    // The words travel as arguments of the inner sh; they are names, never values.
    `tool() { if [ -n "$as_owner" ]; then su -s /bin/sh "$o" -c 'exec "$0" "$@"' -- "$t" "$@"; else "$t" "$@"; fi; }`,
  ]
}

function changeScript(wish: z.infer<typeof args>, difference: KeystoreDifference, isProtected: boolean): string {
  const add = [...difference.set.keys()]
  return [
    ...toolScript(wish),
    `was=$(stat -L -c '%u:%g %a' -- "$k" 2>/dev/null)`,
    isProtected ? 'IFS= read -r pass' : ':',
    // Java reads ahead, so each call gets its own lines.
    difference.remove.length > 0
      ? `${isProtected ? `printf '%s\\n' "$pass" | ` : ''}tool remove ${quoteWords(difference.remove)} ${isProtected ? '' : '</dev/null '}|| exit $?`
      : ':',
    add.length > 0
      ? `{ ${isProtected ? `printf '%s\\n' "$pass"; ` : ''}cat; } | tool add -x -f ${quoteWords(add)} || exit $?`
      : ':',
    `[ -z "$was" ] || { chown "\${was% *}" -- "$k" && chmod "\${was#* }" -- "$k"; }`,
  ].join('\n')
}

function stdinOf(difference: KeystoreDifference, password: Secret | undefined): Secret {
  const lines = [...(password === undefined ? [] : [password]), ...difference.set.values()]
  return new Secret(lines.map((value) => `${value.reveal()}\n`).join(''))
}

function keystorePath(conf: string): string {
  return `${conf}/elasticsearch.keystore`
}

import * as z from 'zod'
import { quote } from '../connection/quote.ts'
import { renewedKibanaFiles } from '../elastic/kibana-server-files.ts'
import type { KibanaServer } from '../elastic/kibana-server-tls.ts'
import { TaskError } from '../errors.ts'
import { dayText, serialNumber } from '../pki/certificate-fields.ts'
import { issueLeaf, type Authority, type Identity } from '../pki/issue.ts'
import { authorityPaths } from '../pki/store.ts'
import { filledText, int } from './argument-types.ts'
import { certificateText } from './certificate-words.ts'
import type { Effect, SetService } from './effect.ts'
import type { NamedAuthority } from './issuing-authority.ts'
import { kibanaServerArguments, lookAtKibanaServer, type KibanaServerLook } from './kibana-server-look.ts'
import { defineModule, type Decision, type Look } from './module.ts'
import { ownAuthority, ownAuthorityArguments, storedAuthority } from './pki-files.ts'

const args = z.strictObject({
  ...kibanaServerArguments,
  common_name: filledText().describe('Common name of a new certificate'),
  days: int().default(365).describe('How many days a new certificate is valid, at most as long as its CA'),
  key_bits: int().default(2048).describe('Length of a new RSA key; 2048 or more'),
  ...ownAuthorityArguments,
})

type Args = z.output<typeof args>

interface State {
  readonly seen: KibanaServerLook
  readonly issued: Identity | undefined
}

export const kibanaCertificate = defineModule<Args, State>({
  name: 'kibana_certificate',
  aliases: ['elkseal.elastic.kibana_certificate'],
  summary:
    'Puts a new key and certificate of the CA in the store into the files from which Kibana serves https, where one is due, and has Kibana read them: by SIGHUP, or by a restart before 8.11.2. Paths, format and passwords stay.',
  examples: `
- name: The certificate that Kibana serves
  kibana_certificate:
    dir: '{{ pki_dir }}'
    home: '{{ kibana_home }}'
    path_conf: '{{ kibana_path_conf }}'
    common_name: '{{ inventory_hostname }}'
    known_as: ['{{ inventory_hostname }}']
  register: kibana_certificate
`,
  args,
  makesAtRandom: true,
  async inspect(look, given) {
    const seen = await lookAtKibanaServer(look, given)
    return { seen, issued: seen.plan.action === 'issue' ? await issue(look, given, seen) : undefined }
  },
  decide({ seen, issued }, given) {
    const { plan, view } = seen
    if (plan.action === 'refuse') {
      const message = `Kibana's certificate cannot be renewed: ${plan.text}`
      return { kind: 'fail', message, ...(plan.hint === undefined ? {} : { hint: plan.hint }) }
    }
    const { files } = view
    if (plan.action === 'none' || files.kind !== 'open') return { kind: 'keep', reason: plan.text }
    return changed({ ...seen, files }, issued, given)
  },
})

type OpenLook = KibanaServerLook & {
  readonly files: Extract<KibanaServerLook['view']['files'], { readonly kind: 'open' }>
}

function changed({ files, plan, reloads, server }: OpenLook, issued: Identity | undefined, given: Args): Decision {
  const before = files.certificate
  const after = issued?.certificate ?? before
  const renewed = issued === undefined ? [] : renewedKibanaFiles(files, issued)
  const path = files.places.kind === 'p12' ? files.places.path : files.places.certificatePath
  const how = reloads ? 'read by SIGHUP' : 'read by a restart'
  const what = issued === undefined ? '' : `new certificate valid until ${dayText(after.validToDate)}, `
  const effects: readonly Effect[] = [
    ...renewed.map((file) => ({ kind: 'write-file', ...file }) as const),
    reading(given.service, server, reloads),
  ]
  return {
    kind: 'change',
    change: {
      summary: `${path}: ${what}${how} (${plan.text})`,
      ...(issued === undefined
        ? {}
        : {
            diff: {
              before: certificateText(before),
              after: certificateText(after),
              beforeHeader: path,
              afterHeader: path,
            },
          }),
      effects,
    },
    result: { path, serial: serialNumber(after), not_after: after.validToDate.toISOString() },
  }
}

/**
 * SIGHUP to the process itself: the packages' unit has no reload. Undone by the same, with the old files, or by a start
 * where it died of it.
 */
function reading(service: string, { pidFile }: KibanaServer, reloads: boolean): SetService {
  const unit = quote(service.includes('.') ? service : `${service}.service`)
  const pid = [
    `pid=$(systemctl show -p MainPID --value -- ${unit} 2>/dev/null); [ "$pid" != 0 ] || pid=`,
    `[ -n "$pid" ] || { read -r pid || :; } < ${quote(pidFile ?? '/dev/null')} 2>/dev/null`,
    // A file that was left behind may name any other process, which the signal would end.
    `case $pid in ''|*[!0-9]*) pid=;; *) tr '\\0' ' ' 2>/dev/null < "/proc/$pid/cmdline" | grep -qi kibana || pid=;; esac`,
  ].join('\n')
  const restart = [
    `command -v systemctl >/dev/null || { echo 'there is no systemd that could restart Kibana' >&2; exit 1; }`,
    `systemctl reset-failed -- ${unit} 2>/dev/null`,
    `systemctl restart -- ${unit}`,
  ].join('\n')
  const nobody = `echo 'neither systemd nor pid.file names the process of Kibana' >&2; exit 1`
  const scripts = reloads
    ? {
        reload: `${pid}\n[ -n "$pid" ] || { ${nobody}; }\nkill -HUP "$pid"`,
        restart: `${pid}\nif [ -n "$pid" ]; then kill -HUP "$pid"; else\n${restart}\nfi`,
      }
    : { restart }
  return { kind: 'set-service', name: service, action: reloads ? 'reload' : 'restart', scripts, timeoutMs: 180_000 }
}

async function issue(look: Look, given: Args, { authority, view }: KibanaServerLook): Promise<Identity> {
  if (authority === undefined) throw new TaskError(`There is no CA "${given.ca}" in "${given.dir}"`)
  const { names } = view.rule
  const { common_name: commonName, days, key_bits: keyBits } = given
  const request = { commonName, names, days, keyBits, usages: ['server'] as const, now: look.clock.now() }
  return issueLeaf(request, await signing(look, given, authority))
}

/** With its key, which is not in the store where the CA is the user's own. */
async function signing(look: Look, given: Args, { name, certificate }: NamedAuthority): Promise<Authority> {
  const here: Look = { ...look, host: look.controller }
  const own = await ownAuthority(here, given)
  if (own?.certificate.raw.equals(certificate.raw) === true) return own
  return storedAuthority(here, authorityPaths(given.dir, name))
}

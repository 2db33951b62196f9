import * as z from 'zod'
import { TaskError } from '../errors.ts'
import { dayText, subjectText } from '../pki/certificate-fields.ts'
import { certificatesFromPem, certificatesToPem } from '../pki/pem.ts'
import { path, wordList } from './argument-types.ts'
import type { Effect } from './effect.ts'
import { defineModule } from './module.ts'
import { folderEffects, publicFile, storedFile } from './pki-files.ts'

const args = z.strictObject({
  certificates: wordList().describe('PEM files of the CAs that clients are to trust, on the controller'),
  if_present: wordList().default([]).describe('More of them, each only where the file is there'),
  dest: path().describe('The bundle: one PEM file on the controller'),
})

type Args = z.output<typeof args>

interface State {
  readonly pem: string
  readonly lines: readonly string[]
  readonly stored: string | undefined
  readonly storedLines: readonly string[]
  readonly folder: readonly Effect[]
}

export const caBundle = defineModule<Args, State>({
  name: 'ca_bundle',
  aliases: [],
  summary: 'Keeps a PEM bundle of CA certificates for clients on the controller',
  examples: `
- name: What clients of Elasticsearch trust
  ca_bundle:
    certificates: ["{{ http_ca.ca_pem }}"]
    if_present: ["{{ pki_dir }}/ca/http-ca-next.crt"]
    dest: "{{ pki_dir }}/elasticsearch-ca.pem"
`,
  args,
  on: 'controller',
  async inspect(look, { certificates: sources, if_present: others, dest }) {
    const [files, more, stored, folder] = await Promise.all([
      Promise.all(sources.map((source) => storedFile(look, source))),
      Promise.all(others.map((source) => storedFile(look, source))),
      storedFile(look, dest),
      folderEffects(look, dest),
    ])
    const found = [
      ...files.flatMap((file, index) => certificatesOf(file, sources[index] ?? '')),
      ...more.flatMap((file, index) => (file === undefined ? [] : certificatesOf(file, others[index] ?? ''))),
    ]
    const distinct = [...new Map(found.map((one) => [one.fingerprint256, one])).values()]
    return {
      pem: certificatesToPem(distinct),
      lines: distinct.map(describe),
      stored: stored?.toString(),
      storedLines: stored === undefined ? [] : certificatesFromPem(stored.toString(), dest).map(describe),
      folder,
    }
  },
  decide(state, { dest }) {
    const result = { dest, subjects: state.lines }
    if (state.stored === state.pem) return { kind: 'keep', reason: `holds ${state.lines.join('; ')}`, result }
    const diff = {
      before: state.storedLines.map((line) => `${line}\n`).join(''),
      after: state.lines.map((line) => `${line}\n`).join(''),
      beforeHeader: dest,
      afterHeader: dest,
    }
    const change = {
      summary: `bundle of ${state.lines.join('; ')}`,
      diff,
      effects: [...state.folder, publicFile(dest, state.pem)],
    }
    return { kind: 'change', change, result }
  },
})

function certificatesOf(file: Buffer | undefined, source: string): ReturnType<typeof certificatesFromPem> {
  const found = file === undefined ? [] : certificatesFromPem(file.toString(), source)
  if (found.length > 0) return found
  throw new TaskError(`There is no certificate in "${source}"`, { hint: 'Give PEM files of CA certificates' })
}

function describe(certificate: ReturnType<typeof certificatesFromPem>[number]): string {
  return `${subjectText(certificate)} until ${dayText(certificate.validToDate)}`
}

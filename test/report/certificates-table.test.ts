import assert from 'node:assert/strict'
import type { TaskFinished } from '../../src/engine/events.ts'
import { certificatesTable, statusOf, type CertificateStatus } from '../../src/report/certificates-table.ts'

const certificate = {
  serial: '5050172e4886558e375cf7ca97a2654677',
  fingerprint: 'aa',
  issuer: 'CN=Elasticsearch HTTP CA',
  not_before: '2026-11-24T20:51:25.000Z',
  not_after: '2027-11-24T21:01:25.000Z',
  names: ['es1', 'localhost'],
  addresses: ['192.0.2.11'],
}
const renewal = { action: 'none', due: false, reasons: [], text: 'valid until 2027-11-24', hint: '' } as const
const good: CertificateStatus = { host: 'es1', store: certificate, file: certificate, served: certificate, renewal }

const lines = (...nodes: CertificateStatus[]) => certificatesTable(nodes, false).split('\n').slice(1)

describe('certificatesTable', () => {
  it('shows a certificate once where all agree', () => {
    assert.deepEqual(lines(good), [
      'es1   store   5050172e4886…  2027-11-24   CN=Elasticsearch HTTP CA  es1, localhost, 192.0.2.11',
      '      file    the same',
      '      served  the same',
      '      nothing to do: valid until 2027-11-24',
    ])
  })

  it('shows what differs, what is not there, what is not accepted, and what to do', () => {
    const found = lines({
      host: 'es10',
      store: { problem: 'none' },
      file: { problem: 'missing' },
      served: { ...certificate, rejected: 'certificate has expired' },
      renewal: { action: 'refuse', due: false, reasons: [], text: 'CA replaced', hint: 'Run rotate-ca.yml' },
    })
    assert.equal(found[0], 'es10  store   - (none)')
    assert.equal(found[1], '      file    - (missing)')
    assert.match(found[2] ?? '', /^ {6}served {2}5050172e4886….*NOT ACCEPTED: certificate has expired$/)
    assert.deepEqual(found.slice(3), ['      NO RENEWAL: CA replaced', '      Run rotate-ca.yml'])
  })

  it('tells a certificate of the next CA, while the CA is rotated, from one of the current CA', () => {
    const next = { ...certificate, fingerprint: 'bb', issued_by: 'http-ca-next' }
    const current = { ...certificate, issued_by: 'http-ca' }
    const [store = '', file = ''] = lines({ ...good, store: next, file: current, served: current })
    assert.match(store, /CN=Elasticsearch HTTP CA \(next CA\) {2}es1/)
    assert.match(file, /CN=Elasticsearch HTTP CA {2}es1/)
  })

  it('does not obey what a host sends', () => {
    const text = certificatesTable([{ ...good, served: { problem: '\u001b[2J' } }], false)
    assert.ok(!text.includes('\u001b'))
  })

  it('is in colours where they are wanted', () => {
    assert.ok(certificatesTable([good], true).includes('\u001b[32mnothing to do'))
  })
})

describe('statusOf', () => {
  const { host, store, file, served } = good
  const result = { action: 'none', due: false, reasons: [], reason: renewal.text, hint: '', store, file, served }
  const event = { event: 'task', host, module: 'certificate_status', status: 'ok', result } as unknown as TaskFinished

  it('takes what certificate_status found, and nothing of other tasks', () => {
    assert.deepEqual(statusOf(event), good)
    assert.equal(statusOf({ ...event, module: 'copy' }), undefined)
    assert.equal(statusOf({ ...event, status: 'failed' }), undefined)
  })
})

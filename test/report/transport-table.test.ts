import assert from 'node:assert/strict'
import type { TaskFinished } from '../../src/engine/events.ts'
import {
  kibanaStatusOf,
  kibanaTable,
  transportStatusOf,
  transportTable,
  type TransportStatus,
} from '../../src/report/transport-table.ts'

const certificate = {
  serial: '5050172e4886558e375cf7ca97a2654677',
  fingerprint: 'aa',
  issuer: 'CN=Elasticsearch Transport CA',
  not_after: '2027-11-24T21:01:25.000Z',
}
const renewal = { action: 'none', due: false, reasons: [], text: 'valid until 2027-11-24', hint: '' } as const
const good: TransportStatus = { host: 'es1', file: certificate, served: certificate, trusted: ['CN=A'], renewal }

describe('transportTable', () => {
  it('shows a certificate once where file and handshake agree', () => {
    assert.deepEqual(transportTable([good], false).split('\n'), [
      'NODE  TRANSPORT      VALID UNTIL  ISSUER',
      'es1   5050172e4886…  2027-11-24   CN=Elasticsearch Transport CA',
      '      nothing to do: valid until 2027-11-24',
    ])
  })

  it('shows what differs, what is not known, and what to do; and does not obey what a host sends', () => {
    const other: TransportStatus = {
      ...good,
      file: { problem: 'not known\u001b[2J' },
      renewal: { action: 'refuse', due: false, reasons: [], text: 'expired', hint: 'Set transport_ca_path' },
    }
    const text = transportTable([other], false)
    assert.deepEqual(text.split('\n').slice(2), [
      '      served: 5050172e4886…  2027-11-24   CN=Elasticsearch Transport CA',
      '      NO RENEWAL: expired',
      '      Set transport_ca_path',
    ])
    assert.ok(!text.includes('\u001b'))
  })
})

describe('transportStatusOf', () => {
  it('takes what transport_status found, and nothing of other tasks', () => {
    const { host, file, served, trusted } = good
    const result = { action: 'none', due: false, reasons: [], reason: renewal.text, hint: '', file, served, trusted }
    const event = { event: 'task', host, module: 'transport_status', status: 'ok', result } as unknown as TaskFinished
    assert.deepEqual(transportStatusOf(event), good)
    assert.equal(transportStatusOf({ ...event, module: 'certificate_status' }), undefined)
    assert.equal(kibanaStatusOf(event), undefined)
  })
})

describe('kibanaTable', () => {
  it('shows what kibana_certificate_status found', () => {
    const { host, file, served } = good
    const result = { action: 'none', due: false, reasons: [], reason: renewal.text, hint: '', file, served }
    const event = { event: 'task', host, module: 'kibana_certificate_status', status: 'ok', result }
    const found = kibanaStatusOf(event as unknown as TaskFinished)
    assert.ok(found)
    assert.deepEqual(kibanaTable([found], false).split('\n').slice(0, 2), [
      'NODE  KIBANA         VALID UNTIL  ISSUER',
      'es1   5050172e4886…  2027-11-24   CN=Elasticsearch Transport CA',
    ])
  })
})

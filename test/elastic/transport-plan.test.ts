import assert from 'node:assert/strict'
import { planTransport, transportPhase, type TransportView } from '../../src/elastic/transport-plan.ts'
import type { OpenTransport } from '../../src/elastic/transport-files.ts'
import { issueAuthority, type Authority, type Identity } from '../../src/pki/issue.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { daysAfter, now, testAuthority, testLeaf } from '../support/test-ca.ts'

describe('what is due of transport TLS', () => {
  let former: Authority
  let next: Authority
  let leaf: Identity

  before(async () => {
    former = await testAuthority()
    next = await issueAuthority({ commonName: 'Next CA', days: 2000, keyBits: 2048, now })
    leaf = await testLeaf()
  })

  describe('planTransport', () => {
    const view = (more: Partial<TransportView> = {}): TransportView => ({
      files: filesOf(leaf, [former]),
      authority: former,
      seen: shown(leaf),
      renewBeforeDays: undefined,
      renewBefore: undefined,
      force: false,
      ...more,
    })
    const plan = (more: Partial<TransportView> = {}, days = 0) => {
      const { action, reasons, text, hint } = planTransport(view(more), daysAfter(now, days))
      return { action, kinds: reasons.map((reason) => reason.kind), text, hint }
    }

    it('does nothing until a third of the lifetime is left, or the days given', () => {
      assert.deepEqual([plan().action, plan().text], ['none', 'valid until 2028-02-29, renewal starts 2027-10-30'])
      assert.deepEqual(plan({}, 250).kinds, ['expiring'])
      assert.equal(plan({}, 250).action, 'issue')
      assert.equal(plan({ renewBeforeDays: 20 }, 250).action, 'none')
      assert.equal(plan({ renewBefore: daysAfter(now, 366) }).action, 'issue')
      assert.deepEqual(plan({ force: true }).kinds, ['forced'])
    })

    it('says beforehand that the CA has to be in hand, and refuses when it is due without', () => {
      const quiet = plan({ authority: undefined })
      assert.equal(quiet.action, 'none')
      assert.match(quiet.text, /valid until 2028-02-29.*its CA is not in hand/)
      const due = plan({ authority: undefined }, 310)
      assert.deepEqual([due.action, due.kinds], ['refuse', ['CA unknown']])
      assert.match(due.hint ?? '', /transport_ca_path.*rotate-transport-ca\.yml/)
    })

    it('says for long what cannot be renewed before it is a failure, unless the user has set a time', () => {
      const quiet = plan({ authority: undefined }, 250)
      assert.equal(quiet.action, 'none')
      assert.match(quiet.text, /^expires on 2028-02-29, and its CA is not in hand\. Set transport_ca_path/)
      assert.equal(plan({ authority: undefined, renewBeforeDays: 200 }, 250).action, 'refuse')
      assert.equal(plan({ authority: undefined, renewBefore: daysAfter(now, 366) }, 250).action, 'refuse')
    })

    it('does not let a wish fail for what cannot be renewed', () => {
      assert.equal(plan({ authority: undefined, force: true }).action, 'none')
      assert.equal(plan({ authority: next, force: true }).action, 'none')
    })

    it('issues of no other CA than the one that the node has, and that it trusts', () => {
      assert.deepEqual(plan({ authority: next }, 310).kinds, ['CA replaced'])
      assert.deepEqual(plan({ files: filesOf(leaf, [next]) }, 310).kinds, ['CA replaced'])
    })

    it('sends to a rotation when the certificate ends with its CA, as those of certutil do', async () => {
      const own = await testLeaf({ days: 1000 })
      const due = plan({ files: filesOf(own, [former]), seen: shown(own) }, 950)
      assert.deepEqual([due.action, due.kinds], ['refuse', ['CA ending']])
      assert.match(due.hint ?? '', /rotate-transport-ca\.yml/)
    })

    it('has a file read again that is not the one served', async () => {
      const seen = shown(await testLeaf())
      assert.deepEqual([plan({ seen }).action, plan({ seen }).kinds], ['reload', ['served differs from file']])
      assert.deepEqual(plan({ seen }, 250).kinds, ['expiring', 'served differs from file'])
      assert.equal(plan({ seen, authority: undefined }, 250).action, 'reload')
    })

    it('refuses when the node does not answer, but only what is due', () => {
      const seen = { certificate: undefined, rejected: 'cannot connect', refused: 'cannot connect' }
      assert.equal(plan({ seen }).action, 'none')
      assert.deepEqual(plan({ seen }, 310).kinds, ['not served'])
    })

    it('knows the end of what it cannot change by the handshake, and refuses only what is due', () => {
      const files = { kind: 'closed', reason: 'two PEM files', certificate: undefined } as const
      assert.match(plan({ files }).text, /valid until 2028-02-29.*two PEM files/)
      assert.deepEqual(plan({ files }, 310).kinds, ['fixed files'])
      assert.equal(plan({ files, seen: undefined }, 310).action, 'none')
      assert.equal(plan({ files: { kind: 'off' } }, 900).text, 'transport TLS is off')
    })
  })

  describe('transportPhase', () => {
    const phase = (files: OpenTransport, seen: ReturnType<typeof shown> | undefined = shown(files.key)) =>
      transportPhase(files, next, seen)

    it('goes from trust to reissue to drop', async () => {
      const renewed = await testLeaf({}, next)
      assert.equal(phase(filesOf(leaf, [former])), 'trust')
      assert.equal(phase(filesOf(leaf, [former, next])), 'reissue')
      assert.equal(phase(filesOf(renewed, [former, next])), 'drop')
      assert.equal(phase(filesOf(renewed, [next])), 'done')
    })

    it('believes the running node, not its files', async () => {
      const renewed = await testLeaf({}, next)
      const refused = { certificate: renewed.certificate, rejected: undefined, refused: 'unknown CA' }
      assert.equal(transportPhase(filesOf(renewed, [next]), next, refused), 'trust')
      assert.equal(phase(filesOf(renewed, [next]), shown(leaf)), 'reissue')
      assert.equal(transportPhase(filesOf(renewed, [next]), next, undefined), 'reissue')
    })
  })
})

function filesOf(own: Identity, trusted: readonly Authority[]): OpenTransport {
  const entries = trusted.map(({ certificate }, index) => ({ alias: `ca-${index}`, certificate }))
  const password = new Secret('x')
  const key = { path: '/k.p12', password, alias: 'instance', ...own, chain: [], trusted: entries }
  return { kind: 'open', key, trust: { kind: 'key store' } }
}

const shown = ({ certificate }: Identity) => ({ certificate, rejected: undefined, refused: undefined })

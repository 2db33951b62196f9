import assert from 'node:assert/strict'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { certificateAuthority } from '../../src/modules/certificate-authority.ts'
import { promotedAuthority } from '../../src/modules/promoted-authority.ts'
import { trustPhase } from '../../src/modules/trust-phase.ts'
import { issueAuthority } from '../../src/pki/issue.ts'
import { keyToPem } from '../../src/pki/pem.ts'
import { decideHere, runHere } from '../support/controller-task.ts'
import { daysAfter, inFolder, now } from '../support/test-ca.ts'

/** As certificate_status registers it. */
const node = (name: string, issuers: readonly string[], more = {}) => {
  const [store, file, served] = issuers.map((issuer) => ({ fingerprint: issuer, issued_by: issuer }))
  return { node: name, store, file, served, action: 'none', reasons: [], hint: '', ...more }
}
const old = ['http-ca', 'http-ca', 'http-ca']
const moved = ['http-ca-next', 'http-ca-next', 'http-ca-next']
const kibana = (trusts: readonly string[], more = {}) => ({ name: 'Kibana on kb1', trusts, is_read: true, ...more })

describe('trust_phase', () => {
  const inStore = (use: (dir: string) => Promise<void>) => () =>
    inFolder(async (dir) => {
      await runHere(certificateAuthority, { dir }, now)
      await use(dir)
    })
  const decide = (dir: string, more: Record<string, unknown> = {}, at = now) =>
    decideHere(
      trustPhase,
      {
        dir,
        servers: [node('es1', old), node('es2', old)],
        server_hosts: ['es1', 'es2'],
        clients: [kibana(['current'])],
        client_names: ['Kibana on kb1'],
        ...more,
      },
      at,
    )
  const plan = async (dir: string, more: Record<string, unknown> = {}, at = now) => {
    const decision = await decide(dir, more, at)
    assert.equal(decision.kind, 'keep', JSON.stringify(decision))
    const { phase, begins, trust, reissue, drop } = decision.result as Record<string, unknown>
    return [phase, begins, [trust, reissue, drop]]
  }
  const refusal = async (dir: string, more: Record<string, unknown>) => {
    const decision = await decide(dir, more)
    assert.ok(decision.kind === 'fail')
    return `${decision.message} / ${decision.hint ?? ''}`
  }
  const beginNext = (dir: string, more = {}) =>
    runHere(certificateAuthority, { dir, name: 'http-ca-next', ...more }, now)

  it(
    'goes through all phases, or to the one that is wished, from where the hosts are',
    inStore(async (dir) => {
      assert.deepEqual(await plan(dir), ['none', false, [false, false, false]])
      assert.deepEqual(await plan(dir, { force: true }), ['trust', true, [true, true, true]])
      assert.deepEqual(await plan(dir, { force: true, until: 'trust' }), ['trust', true, [true, false, false]])
      await beginNext(dir)
      const trusting = { clients: [kibana(['current', 'next'])] }
      assert.deepEqual(await plan(dir), ['trust', false, [true, true, true]])
      assert.deepEqual(await plan(dir, trusting), ['reissue', false, [false, true, true]])
      assert.deepEqual(await plan(dir, { ...trusting, until: 'trust' }), ['reissue', false, [false, false, false]])
      const servers = [node('es1', moved), node('es2', moved)]
      assert.deepEqual(await plan(dir, { ...trusting, servers }), ['drop', false, [false, false, true]])
      await runHere(promotedAuthority, { dir }, now)
      const other = { clients: [kibana(['former', 'current'])] }
      assert.deepEqual(await plan(dir, { ...other, force: true }), ['drop', false, [false, false, true]])
      assert.deepEqual(await plan(dir), ['none', false, [false, false, false]])
    }),
  )

  it(
    'sees a store in the middle of its last step',
    inStore(async (dir) => {
      await beginNext(dir)
      await writeFile(join(dir, 'ca/http-ca.crt'), await readFile(join(dir, 'ca/http-ca-next.crt')))
      assert.deepEqual(await plan(dir), ['drop', false, [false, false, true]])
    }),
  )

  it(
    'begins by itself when the CA would end before a certificate',
    inStore(async (dir) => {
      assert.deepEqual((await plan(dir, {}, daysAfter(now, 1459)))[0], 'none')
      assert.deepEqual(await plan(dir, {}, daysAfter(now, 1460)), ['trust', true, [true, true, true]])
      assert.deepEqual((await plan(dir, { certificate_days: 90 }, daysAfter(now, 1460)))[0], 'none')
      assert.deepEqual((await plan(dir, { renew_before_days: 1000 }, daysAfter(now, 900)))[0], 'trust')
      await assert.rejects(decide(dir, { renew_before_days: 1825 }), /due for rotation as soon as it is made/)
    }),
  )

  it(
    'begins when another CA is given, and not with one that was rotated out',
    inStore(async (dir) => {
      const own = await issueAuthority({ commonName: 'Own CA', days: 900, keyBits: 2048, now })
      const path = join(dir, 'own.pem')
      await writeFile(path, own.certificate.toString() + keyToPem(own.key))
      assert.deepEqual(await plan(dir, { own_ca_path: path }), ['trust', true, [true, true, true]])
      await beginNext(dir, { own_ca_path: path })
      assert.deepEqual((await plan(dir, { own_ca_path: path }))[1], false)
      await runHere(promotedAuthority, { dir }, now)
      assert.deepEqual((await plan(dir, { own_ca_path: path }))[0], 'none')
      await beginNext(dir)
      await runHere(promotedAuthority, { dir }, now)
      assert.match(await refusal(dir, { own_ca_path: path }), /"?CN=Own CA.* rotated out .*Correct http_ca_path/s)
    }),
  )

  it(
    'refuses when one of the hosts was not looked at, does not answer or cannot be moved',
    inStore(async (dir) => {
      const due = { force: true }
      assert.match(await refusal(dir, { ...due, servers: [node('es1', old)] }), /^es2 was not looked at .*--limit/)
      assert.match(await refusal(dir, { ...due, clients: [] }), /^Kibana on kb1 was not looked at/)
      const down = node('es2', old, { served: { problem: 'nothing answers' } })
      assert.match(await refusal(dir, { ...due, servers: [node('es1', old), down] }), /^es2: nothing answers/)
      const reasons = [{ kind: 'password changed', text: 'the password given is not the one of the store' }]
      const closed = node('es2', old, { action: 'refuse', reasons, hint: 'Run it' })
      assert.match(
        await refusal(dir, { ...due, servers: [node('es1', old), closed] }),
        /^es2: the password .* \/ Run it$/,
      )
      const stopped = kibana(['current'], { obstacle: { text: 'Kibana on kb1 does not run', hint: 'Start kibana' } })
      assert.match(await refusal(dir, { ...due, clients: [stopped] }), /does not run/)
    }),
  )

  it(
    'takes what a renewal refuses because of the rotation for no obstacle',
    inStore(async (dir) => {
      await beginNext(dir)
      const half = node('es2', ['http-ca-next', 'http-ca', 'http-ca'], {
        action: 'refuse',
        reasons: [{ kind: 'CA rotation', text: 'CA rotation' }],
      })
      const trusting = { clients: [kibana(['current', 'next'])], servers: [node('es1', moved), half] }
      assert.deepEqual(await plan(dir, trusting), ['reissue', false, [false, true, true]])
    }),
  )

  it('says where to look when there is no store', () =>
    inFolder(async (dir) => {
      await runHere(certificateAuthority, { dir }, now)
      await rename(join(dir, 'ca'), join(dir, 'away'))
      await assert.rejects(decide(dir), { hint: /secure-http\.yml/ })
    }))
})

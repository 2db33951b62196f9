import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { certificateAuthority } from '../../src/modules/certificate-authority.ts'
import { clientTrust } from '../../src/modules/client-trust.ts'
import { promotedAuthority } from '../../src/modules/promoted-authority.ts'
import { runHere } from '../support/controller-task.ts'
import { LocalHost } from '../support/local-host.ts'
import { now, testAuthority } from '../support/test-ca.ts'

describe('client_trust', () => {
  let host: LocalHost

  beforeEach(async () => {
    host = new LocalHost()
    await runHere(certificateAuthority, { dir: host.path('pki') }, now)
    await runHere(certificateAuthority, { dir: host.path('pki'), name: 'http-ca-next' }, now)
    mkdirSync(host.path('conf'))
    writeFileSync(
      host.path('conf/kibana.yml'),
      `elasticsearch.ssl:\n  certificateAuthorities: ["${host.path('conf/ca.pem')}"]\n`,
    )
  })
  afterEach(() => host.remove())

  const stored = (name: string) => readFileSync(host.path(`pki/ca/${name}.crt`), 'utf8')
  const give = (...pems: readonly string[]) => writeFileSync(host.path('conf/ca.pem'), pems.join(''))
  const look = async (more = {}) => {
    const decision = await host.decide(clientTrust, {
      dir: host.path('pki'),
      client: 'Kibana',
      service: 'elkseal-no-such-unit',
      path: host.path('conf/ca.pem'),
      settings: host.path('conf/kibana.yml'),
      setting: 'elasticsearch.ssl.certificateAuthorities',
      ...more,
    })
    assert.ok(decision.kind === 'keep')
    return decision.result as {
      readonly name: string
      readonly trusts: readonly string[]
      readonly obstacle?: { readonly text: string; readonly hint: string }
    }
  }

  it('tells which CAs are trusted, whatever they are called', async () => {
    give(stored('http-ca'))
    assert.deepEqual([(await look()).name, (await look()).trusts], ['Kibana on local', ['current']])
    give(stored('http-ca-next'), stored('http-ca'))
    assert.deepEqual((await look()).trusts, ['next', 'current'])
    give((await testAuthority()).certificate.toString())
    assert.deepEqual((await look()).trusts, ['other'])
    give('-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
    assert.deepEqual((await look()).trusts, [])
  })

  it('knows a CA that was rotated out from one of others', async () => {
    const old = stored('http-ca')
    await runHere(promotedAuthority, { dir: host.path('pki') }, now)
    give(old, stored('http-ca'), (await testAuthority()).certificate.toString())
    assert.deepEqual((await look()).trusts, ['former', 'current', 'other'])
  })

  it('says what stands against a rotation: no file, not named in the settings, not running', async () => {
    assert.match((await look()).obstacle?.text ?? '', /^Kibana on local has no ".*ca\.pem"$/)
    give(stored('http-ca'))
    assert.equal((await look()).obstacle?.text, 'Kibana on local does not run')
    writeFileSync(host.path('conf/kibana.yml'), 'elasticsearch.ssl.verificationMode: none\n')
    const unnamed = (await look()).obstacle
    assert.match(unnamed?.text ?? '', /does not name ".*ca\.pem" in elasticsearch\.ssl\.certificateAuthorities$/)
    assert.match(unnamed?.hint ?? '', /secure-http\.yml/)
    rmSync(host.path('conf/kibana.yml'))
    assert.match((await look()).obstacle?.text ?? '', /does not name/)
  })
})

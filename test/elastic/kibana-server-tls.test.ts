import assert from 'node:assert/strict'
import { kibanaServer, type KibanaServer } from '../../src/elastic/kibana-server-tls.ts'
import { readSettings } from '../../src/yaml-settings/read-settings.ts'

function server(text: string, keystore: Readonly<Record<string, unknown>> = {}): KibanaServer {
  const { settings } = readSettings(text, 'kibana.yml')
  return kibanaServer({ settings, keystore: new Map(Object.entries(keystore)), home: '/usr/share/kibana' })
}

const on = 'server.ssl.enabled: true\n'

describe('kibanaServer', () => {
  it('serves no https where nothing says so, even where files are named', () => {
    assert.equal(server('').tls.kind, 'off')
    assert.equal(server('server.ssl: {enabled: false, certificate: /a.crt, key: /a.key}\n').tls.kind, 'off')
  })

  it('finds a PEM pair, with relative paths from the working folder, as Kibana does', () => {
    const { tls } = server(`${on}server.ssl.certificate: /etc/kibana/k.crt\nserver.ssl.key: config/k.key\n`)
    assert.deepEqual(tls, {
      kind: 'pem',
      certificatePath: '/etc/kibana/k.crt',
      keyPath: '/usr/share/kibana/config/k.key',
      passphrase: undefined,
    })
  })

  it('takes passwords from the keystore before those of kibana.yml', () => {
    const text = `${on}server.ssl.keystore: {path: /etc/kibana/k.p12, password: old}\n`
    const { tls } = server(text, { 'server.ssl.keystore.password': 'new' })
    assert.ok(tls.kind === 'p12')
    assert.deepEqual([tls.path, tls.password.reveal()], ['/etc/kibana/k.p12', 'new'])
  })

  it('does not guess variables, missing files, or a file for both', () => {
    const fixed = [
      'server.ssl: {certificate: "${CRT}", key: /k}',
      'server.ssl.certificate: /c',
      'server.ssl: {certificate: /a, key: /a}',
    ]
    for (const text of fixed) {
      const dotted = text.replace('server.ssl: {', 'server.ssl: {enabled: true, ')
      assert.equal(server(dotted === text ? `${on}${text}\n` : `${dotted}\n`).tls.kind, 'fixed', text)
    }
  })

  it('knows where it answers and under which names it says it is reached', () => {
    const found = server('server: {host: 0.0.0.0, port: 5602, publicBaseUrl: "https://kibana.example.com:443/k"}\n')
    assert.deepEqual([found.host, found.port, found.names], ['localhost', 5602, ['0.0.0.0', 'kibana.example.com']])
    assert.deepEqual([server('').host, server('').port], ['localhost', 5601])
  })

  it('knows what else it reads with its certificate', () => {
    const text = 'server.ssl: {certificateAuthorities: [/a.pem, b.pem], truststore.path: /t.p12}\n'
    assert.deepEqual(server(text).alsoRead, ['/a.pem', '/usr/share/kibana/b.pem', '/t.p12'])
    assert.deepEqual(server('server.ssl.certificateAuthorities: /a.pem\n').alsoRead, ['/a.pem'])
  })
})

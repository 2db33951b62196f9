import assert from 'node:assert/strict'
import { lastReload } from '../../src/elastic/renewal-log.ts'

const path = '/etc/elasticsearch/http.p12'

/** As 9.5.0 and 7.17.24 write them. */
const reloaded = `[2026-11-24T21:04:14,485][INFO ][o.e.x.c.s.SSLConfigurationReloader] [es1] updated 1 ssl contexts in 775.943738ms for prefix names [] using file [${path}]
`
const reloadedBy7 = `[2026-11-24T21:04:14,485][INFO ][o.e.x.c.s.SSLConfigurationReloader] [es1] reloaded [${path}] and updated ssl contexts using this file
`
const failed = (
  reason: string,
) => `[2026-11-24T21:03:58,684][WARN ][o.e.w.FileWatcher        ] [es1] cannot notify file changes listener
org.elasticsearch.common.ssl.SslConfigException: ${reason}
	at org.elasticsearch.xcore@9.5.0/org.elasticsearch.xpack.core.ssl.SSLConfigurationReloader.lambda$reloadConsumer$0(SSLConfigurationReloader.java:71)
Caused by: java.io.IOException: keystore password was incorrect
`
const password = failed(
  `cannot read configured [PKCS12] keystore [${path}] - this is usually caused by an incorrect password`,
)
/** As 7.17.24 writes it of a p12 that is keystore and truststore of the transport. */
const nameless = `[2026-11-24T21:04:12,849][WARN ][o.e.w.FileWatcher        ] [n1] cannot notify file changes listener
org.elasticsearch.ElasticsearchException: failed to initialize SSL KeyManager
	at org.elasticsearch.xpack.core.ssl.SSLConfigurationReloader$ChangeListener.onFileChanged(SSLConfigurationReloader.java:162) ~[?:?]
Caused by: java.io.IOException: keystore password was incorrect
	at java.security.KeyStore.load(KeyStore.java:1473) ~[?:?]
`
const noise = `[2026-11-24T21:04:20,001][INFO ][o.e.c.m.MetadataIndexTemplateService] [es1] adding index template [x]
`

describe('lastReload', () => {
  it('knows a reload, of this version and of 7.17', () => {
    for (const log of [reloaded, reloadedBy7]) {
      assert.deepEqual(lastReload(noise + log + noise, path), { kind: 'reloaded', at: '2026-11-24T21:04:14,485' })
    }
  })

  it('tells the cause of one that failed', () => {
    const causeOf = (text: string) => {
      const trace = lastReload(noise + text + noise, path)
      assert.ok(trace?.kind === 'failed')
      assert.equal(trace.at, '2026-11-24T21:03:58,684')
      return trace.cause
    }
    assert.equal(causeOf(password), `the password in the Elasticsearch keystore does not open "${path}"`)
    const closed = failed(`not permitted to read the [PKCS12] keystore file [${path}]`)
    assert.equal(causeOf(closed), `Elasticsearch is not permitted to read "${path}"`)
    const gone = failed(`cannot read configured [PKCS12] keystore [${path}] because the file does not exist`)
    assert.equal(causeOf(gone), `"${path}" does not exist`)
    const unknown = failed(`something new about [${path}]`).replace(/Caused by.*\n/, '')
    assert.equal(causeOf(unknown), `SslConfigException: something new about [${path}]`)
  })

  it('believes the last word, whichever it is', () => {
    assert.equal(lastReload(reloaded + password, path)?.kind, 'failed')
    assert.equal(lastReload(password + reloaded, path)?.kind, 'reloaded')
  })

  it('believes a failure that names no file, where nothing since tells of this one by name', () => {
    const failure = {
      kind: 'failed',
      at: '2026-11-24T21:04:12,849',
      cause: 'a stored password does not open its keystore or truststore',
    }
    assert.deepEqual(lastReload(noise + nameless + noise, path), failure)
    assert.deepEqual(lastReload(password + nameless, path, '2026-11-24T21:04:12'), failure)
    assert.equal(lastReload(password + nameless + reloaded, path, '2026-11-24T21:04:12')?.kind, 'reloaded')
    assert.equal(lastReload(nameless, path, '2026-11-24T21:04:13'), undefined)
    // What was read a moment before, in the same second, was the version before.
    assert.equal(lastReload(reloaded, path, '2026-11-24T21:04:14,490'), undefined)
    assert.equal(lastReload(reloaded, path, '2026-11-24T21:04:14,480')?.kind, 'reloaded')
    const ofAWatchedScript = nameless.replaceAll('SSLConfigurationReloader', 'ScriptReloader')
    assert.equal(lastReload(ofAWatchedScript, path), undefined)
  })

  it('minds neither other files nor a log that says nothing or begins in the middle', () => {
    assert.equal(lastReload(reloaded + password, '/etc/elasticsearch/transport.p12'), undefined)
    assert.equal(lastReload(noise, path), undefined)
    assert.equal(lastReload('', path), undefined)
    assert.equal(lastReload(password.slice(30), path), undefined)
  })
})

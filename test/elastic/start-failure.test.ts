import assert from 'node:assert/strict'
import { startFailure } from '../../src/elastic/start-failure.ts'

const banner =
  '[2026-11-24T19:46:05,365][INFO ][o.e.b.Elasticsearch      ] [n1] version[9.5.0], pid[24615], build[deb/8d4]\n'
const fatal =
  '[2026-11-24T19:46:09,100][ERROR][o.e.b.Elasticsearch      ] [n1] fatal exception while booting Elasticsearch\n'
const security = 'org.elasticsearch.ElasticsearchSecurityException: '
const load = 'failed to load SSL configuration [xpack.security.http.ssl] - '
const trace = '\n\tat org.elasticsearch.xpack.core.ssl.SSLService.lambda$loadSslConfigurations$12(SSLService.java:1)\n'
const p12 = '/etc/elasticsearch/http.p12'

function cause(text: string): string | undefined {
  return startFailure({ log: banner + fatal + security + text + trace, console: died })?.cause
}

/** All that the journal of 8.19 and 9.5 says. */
const died =
  'ERROR: Elasticsearch did not exit normally - check the logs at /var/log/elasticsearch/lab.log\nElasticsearch died while starting up, exit code: 1\n'

describe('startFailure', () => {
  it('names the cause of every failure of http TLS', () => {
    const store = `${load}cannot read configured [PKCS12] keystore (as a truststore) [${p12}]`
    const cases: readonly (readonly [string, string])[] = [
      [
        `${store} - this is usually caused by an incorrect password; (a keystore password was provided)`,
        `the password in the Elasticsearch keystore does not open "${p12}"`,
      ],
      [
        `${store} - this is usually caused by an incorrect password; (no password was provided)`,
        `the Elasticsearch keystore holds no password for "${p12}"`,
      ],
      [`${store} because the file does not exist`, `"${p12}" does not exist`],
      [
        `${load}not permitted to read the [PKCS12] keystore (as a truststore) file [${p12}]`,
        `Elasticsearch is not permitted to read "${p12}"`,
      ],
      [
        `${store} because access to read the file is blocked; SSL resources should be placed in the [/etc/elasticsearch] directory`,
        `Elasticsearch may not read "${p12}": it lies outside its configuration folder`,
      ],
      [`${load}the PKCS12 keystore [${p12}]does not contain a private key entry`, `"${p12}" holds no private key`],
      [
        `${load}cannot specify both [certificate] and [keystore.path]`,
        'cannot specify both [certificate] and [keystore.path]',
      ],
      [
        `${load}cannot specify [certificate] without also setting [key]`,
        'cannot specify [certificate] without also setting [key]',
      ],
      [
        'invalid SSL configuration for xpack.security.http.ssl - server ssl configuration requires a key and certificate, but these have not been configured; you must set either [a], or both [b] and [c]',
        'xpack.security.http.ssl is enabled but has neither a keystore nor a key and certificate',
      ],
      [
        'invalid configuration for xpack.security.http.ssl - [xpack.security.http.ssl.enabled] is not set, but the following settings have been configured in elasticsearch.yml : [xpack.security.http.ssl.keystore.secure_password]',
        '"xpack.security.http.ssl.enabled" is not set, but xpack.security.http.ssl.keystore.secure_password are',
      ],
      [
        `${load}the truststore [${p12}] does not contain any trusted certificate entries`,
        `the truststore [${p12}] does not contain any trusted certificate entries`,
      ],
    ]
    for (const [text, expected] of cases) assert.equal(cause(text), expected)
  })

  it('reads 7.17, whose journal has the cause', () => {
    const console = `ElasticsearchSecurityException[${load}cannot read configured [PKCS12] keystore (as a truststore) [${p12}] because the file does not exist]; nested: ElasticsearchException[x];`
    assert.equal(startFailure({ log: '', console })?.cause, `"${p12}" does not exist`)
  })

  it('reads the log of 7.17, which has words of its own', () => {
    const nested = (text: string) =>
      `${banner}org.elasticsearch.bootstrap.StartupException: ElasticsearchSecurityException[failed to load SSL configuration [xpack.security.http.ssl]]; nested: ElasticsearchException[failed to initialize SSL TrustManager${text}`
    const missing = ` - keystore file [${p12}] does not exist]; nested: `
    const cases = [
      [`${missing}NoSuchFileException[${p12}];`, `"${p12}" does not exist`],
      [`${missing}AccessDeniedException[${p12}];`, `Elasticsearch is not permitted to read "${p12}"`],
      [
        ']; nested: IOException[keystore password was incorrect];',
        'a stored password does not open its keystore or truststore',
      ],
    ] as const
    for (const [text, expected] of cases) {
      assert.equal(startFailure({ log: nested(text), console: '' })?.cause, expected)
    }
  })

  it('finds what a broken elasticsearch.yml has, which stands in the journal only', () => {
    const settings = 'SettingsException: Failed to load settings from [elasticsearch.yml]\nCaused by: '
    const twice = `${settings}org.elasticsearch.xcontent.XContentParseException: [17:32] Duplicate field 'xpack.security.http.ssl.enabled'\n`
    assert.equal(
      startFailure({ log: '', console: twice })?.cause,
      'elasticsearch.yml sets "xpack.security.http.ssl.enabled" twice (line 17, column 32)',
    )
    const seven = `${settings}com.fasterxml.jackson.core.JsonParseException: Duplicate field 'node.name'\n at [Source: (sun.nio.ch.ChannelInputStream); line: 8, column: 10]\n`
    assert.equal(startFailure({ log: '', console: seven })?.cause, 'elasticsearch.yml sets "node.name" twice (line 8)')
    const tab = `${settings}org.elasticsearch.xcontent.XContentParseException: [16:38] while scanning for the next token\nfound character '\\t(TAB)' that cannot start any token\n`
    assert.equal(startFailure({ log: '', console: tab })?.cause, 'elasticsearch.yml has a tab in line 16, column 38')
  })

  it('prefers what belongs to this start to the log of an older one', () => {
    const log = `${banner}${fatal}${security}${load}cannot specify [certificate] without also setting [key]${trace}`
    const console =
      "SettingsException: Failed to load settings from [elasticsearch.yml]\nCaused by: X: [3:1] Duplicate field 'a'\n"
    assert.match(startFailure({ log, console })?.cause ?? '', /sets "a" twice/)
    assert.equal(startFailure({ log: `${log}${banner}[INFO ] all is well\n`, console: '' }), undefined)
  })

  it('names unknown settings with the one that was meant, and failed bootstrap checks', () => {
    const unknown =
      'java.lang.IllegalArgumentException: unknown setting [xpack.security.http.ssl.keystore.pathh] did you mean any of [xpack.security.http.ssl.keystore.path]?\n'
    const failure = startFailure({ log: banner + fatal + unknown, console: died })
    assert.match(failure?.cause ?? '', /sets "xpack\.security\.http\.ssl\.keystore\.pathh"/)
    assert.match(failure?.advice ?? '', /Did you mean xpack\.security\.http\.ssl\.keystore\.path\?/)
    const check =
      'bootstrap check failure [1] of [1]: max file descriptors [20000] for elasticsearch process is too low, increase to at least [65535]; for more information see [https://x]\n'
    assert.equal(
      startFailure({ log: banner + check, console: died })?.cause,
      'a bootstrap check failed: max file descriptors [20000] for elasticsearch process is too low, increase to at least [65535]',
    )
  })

  it('names a JVM option that Java or Elasticsearch refuses', () => {
    const said = (text: string) => startFailure({ log: `${banner}${trace}`, console: text })?.cause
    assert.equal(
      said(
        "java.lang.RuntimeException: starting java failed with [1]\noutput:\nerror:\nUnrecognized VM option 'NoSuch'\nError: Could not create the Java Virtual Machine.\n",
      ),
      "Java refuses its options: Unrecognized VM option 'NoSuch'",
    )
    const file = '/etc/elasticsearch/jvm.options.d/x.options'
    assert.equal(
      said(
        `encountered [1] error parsing [${file}]\n[1]: encountered improperly formatted JVM option in [${file}] on line number [1]: [garbage]\n`,
      ),
      `"${file}" has no JVM option in line 1: "garbage"`,
    )
  })

  it('shows the first exception, or the last error, of a cause it does not know', () => {
    assert.equal(cause('something new [x]'), 'ElasticsearchSecurityException: something new [x]')
    assert.equal(startFailure({ log: '', console: died })?.cause, 'Elasticsearch died while starting up, exit code: 1')
    assert.equal(startFailure({ log: '', console: '' }), undefined)
  })
})

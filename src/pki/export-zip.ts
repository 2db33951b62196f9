import { zipSync, type Zippable } from 'fflate'

/** What a node gets: its opened PKCS#12 store. */
export interface NodeExport {
  readonly node: string
  readonly store: Buffer
}

export interface ExportRequest {
  readonly nodes: readonly NodeExport[]
  /** PEM of the CA for Kibana and other clients. */
  readonly authorityPem: string
  readonly now: Date
}

/** A zip in the layout of `elasticsearch-certutil http` with one certificate per node. It holds no password. */
export function exportZip(request: ExportRequest): Buffer {
  const files: [string, Buffer][] = request.nodes.flatMap(({ node, store }) => [
    [`elasticsearch/${node}/README.txt`, Buffer.from(elasticsearchReadme(node))],
    [`elasticsearch/${node}/http.p12`, store],
    [`elasticsearch/${node}/sample-elasticsearch.yml`, Buffer.from(elasticsearchSample)],
  ])
  files.push(
    ['kibana/README.txt', Buffer.from(kibanaReadme)],
    ['kibana/elasticsearch-ca.pem', Buffer.from(request.authorityPem)],
    ['kibana/sample-kibana.yml', Buffer.from(kibanaSample)],
  )
  const entries: Zippable = Object.fromEntries(
    files.map(([name, content]) => [name, [content, { mtime: request.now }]]),
  )
  return Buffer.from(zipSync(entries))
}

const elasticsearchSample = `# Lines for elasticsearch.yml. The path is relative to its folder.
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.keystore.path: "http.p12"
`

const kibanaSample = `# Lines for kibana.yml. Every address in elasticsearch.hosts has to begin with https.
elasticsearch.ssl.certificateAuthorities: [ "config/elasticsearch-ca.pem" ]
`

const kibanaReadme = `Kibana: trust the CA of Elasticsearch's HTTP certificates

elasticsearch-ca.pem   certificate of the CA (public)
sample-kibana.yml      lines for kibana.yml

1. Copy elasticsearch-ca.pem into the folder of kibana.yml.
2. Set elasticsearch.ssl.certificateAuthorities in kibana.yml to its path.
3. Let every address in elasticsearch.hosts begin with https.
4. Restart Kibana.
`

function elasticsearchReadme(node: string): string {
  return `Elasticsearch node "${node}": HTTPS for its HTTP layer

http.p12                   private key, certificate and CA of this node (secret)
sample-elasticsearch.yml   lines for elasticsearch.yml

1. Copy http.p12 into the folder of elasticsearch.yml, readable by the group elasticsearch (mode 0640).
2. Put the lines of sample-elasticsearch.yml into elasticsearch.yml.
3. Store the password of http.p12:
   bin/elasticsearch-keystore add xpack.security.http.ssl.keystore.secure_password
   The password is the vaulted one of the PKI store (http-p12-password).
4. Restart Elasticsearch.
`
}

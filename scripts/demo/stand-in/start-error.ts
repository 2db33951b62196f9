/** Why a node does not start, and where Elasticsearch says so: since 8 mostly in its log alone. */
export class StartError extends Error {
  readonly place: 'console' | 'log'
  readonly exitCode: number
  readonly lines: readonly string[]

  constructor(place: StartError['place'], exitCode: number, lines: readonly string[]) {
    super(lines[0])
    this.place = place
    this.exitCode = exitCode
    this.lines = lines
  }
}

export function securityError(reason: string): StartError {
  return new StartError('log', 1, [`org.elasticsearch.ElasticsearchSecurityException: ${reason}`])
}

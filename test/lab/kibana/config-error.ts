/** Something that keeps Kibana from starting, with the exit code it has there: 78 validation, 64 unknown key, else 1. */
export class ConfigError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

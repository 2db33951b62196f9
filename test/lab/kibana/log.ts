/** Kibana's log lines, to stdout as its default appender does. */
export interface Log {
  info(logger: string, message: string): void
  warn(logger: string, message: string): void
  error(logger: string, message: string): void
  fatal(logger: string, message: string): void
}

export const log: Log = {
  info: (logger, message) => line('INFO ', logger, message),
  warn: (logger, message) => line('WARN ', logger, message),
  error: (logger, message) => line('ERROR', logger, message),
  fatal: (logger, message) => line('FATAL', logger, message),
}

function line(level: string, logger: string, message: string): void {
  process.stdout.write(`[${new Date().toISOString()}][${level}][${logger}] ${message}\n`)
}

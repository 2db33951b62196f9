/** What the command line knows of the process it runs in; tests hand in their own. */
export interface ProcessView {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdout: Sink
  readonly stderr: Sink
  readonly stdin: NodeJS.ReadStream
  /** Calls the listener for each ctrl-C (or SIGTERM). Returns how to stop listening. */
  readonly onInterrupt: (listener: () => void) => () => void
}

export interface Sink {
  readonly write: (text: string) => void
  readonly isTerminal: boolean
  readonly columns: number
}

export function realProcess(): ProcessView {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdout: sink(process.stdout),
    stderr: sink(process.stderr),
    stdin: process.stdin,
    onInterrupt: (listener) => {
      process.on('SIGINT', listener)
      process.on('SIGTERM', listener)
      return () => {
        process.off('SIGINT', listener)
        process.off('SIGTERM', listener)
      }
    },
  }
}

function sink(stream: NodeJS.WriteStream): Sink {
  // A reader that went away (`| head`) must not end a run in the middle of a batch.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  return {
    write: (text) => {
      stream.write(text)
    },
    isTerminal: stream.isTTY,
    columns: stream.isTTY ? stream.columns : Infinity,
  }
}

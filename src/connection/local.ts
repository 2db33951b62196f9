import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { connect } from 'node:net'
import { ConnectionError, type Connection, type Shell } from './connection.ts'
import { newMark, openRunner, runnerScript } from './runner.ts'

/** The controller itself: the same runner in a child process. */
export function openLocalConnection(host: string): Connection {
  let child: ChildProcessWithoutNullStreams | undefined
  let shell: Promise<Shell> | undefined
  return {
    host,
    shell: (become) => {
      if (become !== undefined) return Promise.reject(new ConnectionError('become', 'become is not supported here'))
      const mark = newMark()
      child ??= spawn('/bin/sh', ['-c', runnerScript(mark)], { stdio: 'pipe' })
      shell ??= openRunner(host, child, mark)
      return shell
    },
    tunnel: (address) =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: address.host, port: address.port, noDelay: true })
        socket.once('connect', () => resolve(socket))
        socket.once('error', reject)
      }),
    close: async () => {
      child?.stdin.end()
    },
  }
}

import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { openShellAs } from './become.ts'
import type { Connection } from './connection.ts'
import { Shells } from './shells.ts'

const startTimeoutMs = 30_000

/** The controller itself: the same sh and the same become, in child processes. */
export function openLocalConnection(host: string): Connection {
  const shells = new Shells(userInfo().username, (become, onTimeout) =>
    openShellAs(become, {
      host,
      startTimeoutMs,
      onTimeout,
      // A process group of its own: ctrl-C is ours to handle, and must not end a command halfway.
      start: (command) => Promise.resolve(spawn('/bin/sh', ['-c', command], { stdio: 'pipe', detached: true })),
    }),
  )
  return {
    host,
    shell: (become) => shells.shell(become),
    tunnel: (address) =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: address.host, port: address.port, noDelay: true })
        socket.once('connect', () => resolve(socket))
        socket.once('error', reject)
      }),
    close: () => {
      shells.end()
      return Promise.resolve()
    },
  }
}

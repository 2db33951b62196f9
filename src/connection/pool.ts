import type { Connection, ConnectionSettings } from './connection.ts'
import { openLocalConnection } from './local.ts'
import { LoginGate } from './login-gate.ts'
import type { SshSurroundings } from './ssh.ts'

export interface PoolOptions {
  readonly home: string
  readonly user: string
  readonly agentSocket: string | undefined
  /** Instead of ~/.ssh/config. */
  readonly configFile: string | undefined
  readonly acceptNewHostKeys: boolean
  readonly warn: (message: string) => void
}

/** One connection a host, opened when first needed and reused to the end of the run. */
export interface ConnectionPool {
  connection(settings: ConnectionSettings): Promise<Connection>
  closeAll(): Promise<void>
}

export function openConnectionPool(options: PoolOptions): ConnectionPool {
  const open = new Map<string, Promise<Connection>>()
  const around = { ...options, gate: new LoginGate() }
  return {
    connection: (settings) => {
      // A lost connection is opened anew when the host is next needed; a refused login is not tried again.
      const forget = () => open.delete(settings.host)
      const known = open.get(settings.host) ?? openConnection(settings, around, forget)
      open.set(settings.host, known)
      return known
    },
    closeAll: async () => {
      const settled = await Promise.allSettled(open.values())
      for (const one of settled) if (one.status === 'fulfilled') await one.value.close()
    },
  }
}

async function openConnection(
  settings: ConnectionSettings,
  around: SshSurroundings,
  onClosed: () => void,
): Promise<Connection> {
  if (settings.transport === 'local') return openLocalConnection(settings.host)
  // Loaded when a host is reached by ssh: a run of the controller alone does not need it.
  const { openSshConnection } = await import('./ssh.ts')
  return openSshConnection(settings, around, onClosed)
}

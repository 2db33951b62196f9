import type { Connection, ConnectionSettings } from './connection.ts'
import { openLocalConnection } from './local.ts'

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
  return {
    connection: (settings) => {
      const known = open.get(settings.host) ?? openConnection(settings, options)
      open.set(settings.host, known)
      return known
    },
    closeAll: async () => {
      const settled = await Promise.allSettled(open.values())
      await Promise.all(settled.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)))
    },
  }
}

async function openConnection(settings: ConnectionSettings, options: PoolOptions): Promise<Connection> {
  if (settings.transport === 'local') return openLocalConnection(settings.host)
  // Loaded when a host is reached by ssh: a run of the controller alone does not need it.
  const { openSshConnection } = await import('./ssh.ts')
  return openSshConnection(settings, options)
}

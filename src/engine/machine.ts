import type { Address, Become, Connection, Shell } from '../connection/connection.ts'
import type { Inherited } from '../playbook/playbook.ts'
import { becomeOf, connectionSettings } from '../vars/connection-variables.ts'
import type { Scope } from '../vars/scope.ts'
import { HostReader, type Sharing } from './host-reader.ts'
import type { Forecast } from '../facts/forecast.ts'
import type { RunContext } from './run-context.ts'

/** Where something is looked at or done, and as which account. Connected to when first used. */
export interface Machine {
  readonly name: string
  readonly isController: boolean
  readonly connection: () => Promise<Connection>
  readonly become: Become | undefined
  /** It is the machine that elkseal runs on, perhaps under another name. */
  readonly isHere: () => boolean
}

export const controllerName = 'localhost'

/** The machine elkseal runs on, as the user who runs it. */
export function controllerMachine(context: RunContext): Machine {
  const settings = {
    host: controllerName,
    transport: 'local',
    address: controllerName,
    sshArguments: [],
    hostKeyChecking: true,
    timeoutSeconds: 10,
  } as const
  return {
    name: controllerName,
    isController: true,
    connection: () => context.pool.connection(settings),
    become: undefined,
    isHere: () => true,
  }
}

/** An inventory host; the scope is the one whose connection variables count (the delegate's, when delegated). */
export function hostMachine(context: RunContext, name: string, scope: Scope, keywords: Inherited): Machine {
  if (name === controllerName && !context.inventory.hosts.has(name)) return controllerMachine(context)
  const settings = () => connectionSettings(name, scope, context.connectionDefaults)
  return {
    name,
    isController: false,
    connection: () => context.pool.connection(settings()),
    become: becomeOf(scope, keywords, context.connectionDefaults),
    isHere: () => settings().transport === 'local',
  }
}

export function readerOf(
  machine: Machine,
  forecast: Forecast | undefined,
  sharing?: Omit<Sharing, 'account'>,
): HostReader {
  const { become } = machine
  const account = become === undefined ? '' : `${become.method} ${become.user}`
  return new HostReader({
    host: machine.name,
    shell: () => shellOf(machine),
    open: async (address: Address) => (await machine.connection()).tunnel(address),
    forecast,
    native: machine.isController,
    ...(sharing === undefined ? {} : { sharing: { ...sharing, account } }),
  })
}

export async function shellOf(machine: Machine): Promise<Shell> {
  return (await machine.connection()).shell(machine.become)
}

import { readdirSync } from 'node:fs'
import { argumentsOf } from './processes.ts'

export interface ArgumentWatch {
  /** Stops looking; what was seen, one line each: which secret, in the arguments of which command. */
  stop(): readonly string[]
  /** How often all processes were looked at. */
  rounds(): number
}

/**
 * Looks at the arguments of every process of this machine and of the lab's hosts, again and again, for the secrets.
 * Processes that were there before are looked at too: a process may change its arguments.
 */
export function watchArguments(secrets: Readonly<Record<string, string>>): ArgumentWatch {
  const seen = new Set<string>()
  let rounds = 0
  const look = (): void => {
    rounds += 1
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue
      const words = argumentsOf(Number(pid))
      for (const [name, secret] of Object.entries(secrets)) {
        if (words.some((word) => word.includes(secret))) seen.add(`${name} in the arguments of ${words[0] ?? ''}`)
      }
    }
  }
  const timer = setInterval(look, 15)
  return {
    stop: () => {
      clearInterval(timer)
      return [...seen]
    },
    rounds: () => rounds,
  }
}

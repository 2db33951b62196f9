import type { Lab } from './lab.ts'

/** When a service was last down, on the clock that all hosts share. */
export interface Outage {
  readonly host: string
  readonly from: number
  readonly until: number
}

export async function latestOutages(lab: Lab, service: 'elasticsearch'): Promise<readonly Outage[]> {
  const properties = ['ActiveExitTimestampMonotonic', 'ActiveEnterTimestampMonotonic']
  return Promise.all(
    lab.hosts(service).map(async ({ name: host }) => {
      const asked = properties.map((property) => `--property=${property}`)
      const shown = await lab.run(host, ['systemctl', 'show', ...asked, service])
      const [from = NaN, until = NaN] = properties.map((name) =>
        Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(shown)?.[1]),
      )
      return { host, from, until }
    }),
  )
}

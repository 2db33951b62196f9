import { join } from 'node:path'
import { elasticsearchDistribution } from '../support/elasticsearch-distribution.ts'
import { cached } from './cache.ts'
import { $ } from './shell.ts'

/** The password of `elastic-certificates.p12`, the store that all nodes of a lab share for their transport. */
export const transportPassword = 'lab-transport-8kWq'

/** The password of `elastic-stack-ca.p12`, the CA that it is from; both files are in one folder. */
export const transportAuthorityPassword = 'lab-authority-3mTz'

/**
 * A transport CA and one certificate for all nodes, made as Elastic's page on basic security says. By 9.5.0's certutil for
 * every version: 7.17's has its classes missing in the minimal distribution.
 */
export async function transportCertificates(): Promise<string> {
  const folder = await cached(
    'transport-certificates',
    [transportPassword, transportAuthorityPassword],
    async (folder) => {
      const { home, jdk } = await elasticsearchDistribution('9.5.0')
      const certutil = $({ env: { ...process.env, ES_JAVA_HOME: jdk, ES_PATH_CONF: join(home, 'config') } })
      const ca = join(folder, 'elastic-stack-ca.p12')
      const node = join(folder, 'elastic-certificates.p12')
      const program = join(home, 'bin/elasticsearch-certutil')
      await certutil`${program} ca --out ${ca} --pass ${transportAuthorityPassword}`
      await certutil`${program} cert --ca ${ca} --ca-pass ${transportAuthorityPassword} --out ${node} --pass ${transportPassword}`
    },
  )
  return join(folder, 'elastic-certificates.p12')
}

import v8 from 'node:v8'

const manyHosts = 50

/**
 * Hosts and tasks leave garbage, which V8 lets lie while it thinks that there is room: 288 MiB with 200 hosts, 140 with
 * this, for a tenth more processor time (Node 24, docs/performance.md). Few hosts are served faster without.
 */
export function spareMemory(hosts: number): void {
  if (hosts >= manyHosts) v8.setFlagsFromString('--optimize-for-size')
}

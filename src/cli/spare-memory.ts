const manyHosts = 50

/**
 * Hosts and tasks leave garbage, which V8 lets lie while it thinks that there is room: 288 MiB with 200 hosts, 140 with
 * this, for a tenth more processor time (Node 24, docs/performance.md). Few hosts are served faster without.
 */
export async function spareMemory(hosts: number): Promise<void> {
  if (hosts >= manyHosts) (await import('node:v8')).setFlagsFromString('--optimize-for-size')
}

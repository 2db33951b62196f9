import { TaskError } from '../errors.ts'
import type { Play } from './playbook.ts'

/**
 * Ansible's batches: each size of `serial` once, the last one again and again. A percentage is of all hosts of the
 * play, rounded down, at least one; 0 is everything that is left. Sizes must be rendered.
 */
export function splitBatches(hosts: readonly string[], serial: Play['serial']): readonly (readonly string[])[] {
  const batches: (readonly string[])[] = []
  let at = 0
  while (at < hosts.length) {
    const size = batchSize(serial[Math.min(batches.length, serial.length - 1)], hosts.length)
    batches.push(hosts.slice(at, size === 0 ? undefined : at + size))
    at = size === 0 ? hosts.length : at + size
  }
  return batches
}

function batchSize(written: number | string | undefined, total: number): number {
  if (written === undefined) return 0
  const text = String(written).trim()
  const number = Number(text.replace(/%$/, ''))
  if (text === '' || !Number.isFinite(number)) {
    throw new TaskError(`"serial" must be numbers or percentages, not "${text}"`)
  }
  if (text.endsWith('%')) return Math.max(1, Math.floor((number / 100) * total))
  return Math.max(0, Math.trunc(number))
}

/** The play's `order`; the hosts come in the inventory's. `random` gives numbers from 0 to below 1. */
export function orderHosts(
  hosts: readonly string[],
  order: Play['order'],
  random: () => number = Math.random,
): readonly string[] {
  switch (order) {
    case 'inventory':
      return hosts
    case 'reverse_inventory':
      return hosts.toReversed()
    case 'sorted':
      return hosts.toSorted(byCodePoint)
    case 'reverse_sorted':
      return hosts.toSorted(byCodePoint).reverse()
    case 'shuffle':
      return shuffled(hosts, random)
  }
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function shuffled(hosts: readonly string[], random: () => number): readonly string[] {
  const mixed = [...hosts]
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    const [a, b] = [mixed[last], mixed[other]]
    if (a !== undefined && b !== undefined) [mixed[last], mixed[other]] = [b, a]
  }
  return mixed
}

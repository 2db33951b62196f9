import { TaskError } from '../errors.ts'

/** Ansible's words for true, after templating. */
export function isTrue(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value === 1
  return typeof value === 'string' && ['yes', 'true', 'on', '1', 'y', 't'].includes(value.trim().toLowerCase())
}

export function numberOf(value: unknown, keyword: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new TaskError(`"${keyword}" must be a number, not ${JSON.stringify(value)}`)
}

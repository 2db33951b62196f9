/*
 * Host names with ranges, `web[01:10:2]` or `db-[a:f]`: ansible-core's expand_hostname_range
 * (lib/ansible/plugins/inventory/__init__.py).
 */

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

export type Expansion =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  /** What is wrong, ready to follow a colon. */
  | { readonly kind: 'invalid'; readonly problem: string }

/** All names that a name with any number of ranges stands for, the leftmost range changing slowest. */
export function expandRanges(name: string): Expansion {
  if (!name.includes('[')) return { kind: 'names', names: [name] }
  const match = /^([^[\]|]*)\[([^[\]|]*)\]([^|]*)$/.exec(name)
  if (match === null) return { kind: 'invalid', problem: 'brackets do not match' }
  const [, head = '', range = '', tail = ''] = match
  const members = rangeMembers(range)
  if (members.kind === 'invalid') return members
  const names: string[] = []
  for (const member of members.names) {
    const rest = expandRanges(tail)
    if (rest.kind === 'invalid') return rest
    for (const ending of rest.names) names.push(`${head}${member}${ending}`)
  }
  return { kind: 'names', names }
}

function rangeMembers(range: string): Expansion {
  const bounds = range.split(':')
  if (bounds.length !== 2 && bounds.length !== 3) return invalid('a range is [begin:end] or [begin:end:step]')
  const begin = bounds[0] === '' ? '0' : (bounds[0] ?? '')
  const end = bounds[1] ?? ''
  const step = wholeNumber(bounds[2] ?? '1')
  if (end === '') return invalid('a range must have an end')
  const width = begin.startsWith('0') && begin.length > 1 ? begin.length : 0
  if (width > 0 && end.length !== width) return invalid('begin and end of a range with leading zeros must be equally long')
  if (step === undefined || step === 0) return invalid('the step of a range is a whole number other than 0')
  const members = letterMembers(begin, end, step) ?? numberMembers(begin, end, step)
  if (members === undefined) return invalid('begin and end of a range are both numbers or both letters')
  // Ansible yields no host here for numbers, silently; a range of nothing is a typing error.
  if (members.length === 0) return invalid('the range is empty: it begins after its end')
  return { kind: 'names', names: members.map((member) => member.padStart(width, '0')) }
}

function letterMembers(begin: string, end: string, step: number): string[] | undefined {
  const first = letters.indexOf(begin)
  const last = letters.indexOf(end)
  if (first < 0 || last < 0) return undefined
  const members: string[] = []
  if (step > 0) for (let index = first; index <= last; index += step) members.push(letters.charAt(index))
  return members
}

function numberMembers(begin: string, end: string, step: number): string[] | undefined {
  const first = wholeNumber(begin)
  const last = wholeNumber(end)
  if (first === undefined || last === undefined) return undefined
  const members: string[] = []
  // The end is inclusive, whatever the sign of the step: Python's range(begin, end + 1, step).
  const stop = last + 1
  for (let value = first; step > 0 ? value < stop : value > stop; value += step) members.push(String(value))
  return members
}

function wholeNumber(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}

function invalid(problem: string): Expansion {
  return { kind: 'invalid', problem }
}

/** Python's LooseVersion: parts of digits and of letters, digits before letters. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [parts(left), parts(right)]
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = comparePart(a[index], b[index])
    if (order !== 0) return order
  }
  return 0
}

type Part = number | string

function parts(version: string): Part[] {
  const found = version.match(/\d+|[a-z]+/gi) ?? []
  return found.map((part) => (/^\d/.test(part) ? Number(part) : part))
}

function comparePart(a: Part | undefined, b: Part | undefined): number {
  if (a === b) return 0
  if (a === undefined) return -1
  if (b === undefined) return 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'number') return -1
  if (typeof b === 'number') return 1
  return a < b ? -1 : 1
}

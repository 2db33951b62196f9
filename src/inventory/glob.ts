/** A shell pattern as Python's fnmatch reads it (`*`, `?`, `[seq]`, `[!seq]`), for whole names. */
export function globPattern(glob: string): RegExp {
  let source = ''
  let at = 0
  while (at < glob.length) {
    const char = glob.charAt(at)
    at += 1
    if (char === '*') {
      source += '.*'
    } else if (char === '?') {
      source += '.'
    } else if (char === '[') {
      const end = closingBracket(glob, at)
      if (end === undefined) {
        source += '\\['
      } else {
        source += characterSet(glob.slice(at, end))
        at = end + 1
      }
    } else {
      source += char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
    }
  }
  return new RegExp(`^${source}$`, 's')
}

/** A bracket right after `[` or `[!` is a member of the set. */
function closingBracket(glob: string, start: number): number | undefined {
  const first = glob.charAt(start) === '!' ? start + 1 : start
  const end = glob.indexOf(']', first + 1)
  return end < 0 ? undefined : end
}

function characterSet(set: string): string {
  const negated = set.startsWith('!')
  const members: string[] = []
  let rest = negated ? set.slice(1) : set
  while (rest !== '') {
    const range = /^([^])-([^])/.exec(rest)
    const [from = '', to = ''] = range === null ? [rest.charAt(0), rest.charAt(0)] : [range[1], range[2]]
    // A range that runs backwards holds nothing.
    if (from <= to) members.push(`${escapeMember(from)}-${escapeMember(to)}`)
    rest = rest.slice(range === null ? 1 : 3)
  }
  if (members.length === 0) return negated ? '[^]' : '[]'
  return `[${negated ? '^' : ''}${members.join('')}]`
}

function escapeMember(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

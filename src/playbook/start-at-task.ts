/** `--start-at-task`: a task's name, or a pattern with `*`, `?` and `[…]`, as Python's fnmatch reads it. */
export function matchesTaskName(name: string, pattern: string): boolean {
  return name === pattern || globExpression(pattern).test(name)
}

function globExpression(pattern: string): RegExp {
  const source = pattern.replace(/\[!?[^\]]+\]|[\s\S]/g, (piece) => {
    if (piece === '*') return '.*'
    if (piece === '?') return '.'
    if (piece.length > 1) return piece.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    return piece.replace(/[\\^$.+(){}|[\]]/g, '\\$&')
  })
  return new RegExp(`^(?:${source})$`, 's')
}

/** OpenSSH's patterns: `*`, `?`, and `!` before one that excludes (ssh_config(5), PATTERNS). */
export function matchesPatterns(patterns: readonly string[], name: string): boolean {
  const isExcluded = patterns.some((pattern) => pattern.startsWith('!') && matchesPattern(pattern.slice(1), name))
  return !isExcluded && patterns.some((pattern) => !pattern.startsWith('!') && matchesPattern(pattern, name))
}

export function matchesPattern(pattern: string, name: string): boolean {
  // Nearly all are names, and a known_hosts file has many.
  if (!/[*?]/.test(pattern)) return pattern === name
  const source = pattern
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(name)
}

/** One word for a POSIX shell, quoted only where it must be. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** A command of words as shell text. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quote).join(' ')
}

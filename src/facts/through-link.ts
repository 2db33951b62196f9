import type { Output } from '../connection/connection.ts'
import { quote } from '../connection/quote.ts'

const mark = 'elkseal: through a link'

/**
 * sh that tells on standard error whether a part of the path is a link: then the same thing has other names, and who
 * changes it under one of them changes what was seen under this one. By sh alone.
 */
export function linkCheck(path: string): string {
  const names = path.split('/').filter((name) => name !== '')
  const parts = names.map((_, index) => `[ -L ${quote(`/${names.slice(0, index + 1).join('/')}`)} ]`)
  return parts.length === 0 ? ':' : `if ${parts.join(' || ')}; then echo '${mark}' >&2; fi`
}

export function wentThroughLink({ stderr }: Output): boolean {
  return stderr.includes(mark)
}

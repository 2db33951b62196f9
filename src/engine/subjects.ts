import type { Subject } from '../facts/question.ts'

/** Whether changing one could change an answer about the other: the same thing, a folder above, or anything at all. */
export function conflict(touched: Subject, asked: Subject): boolean {
  if (touched === '*' || asked === '*' || touched === asked) return true
  if (!touched.startsWith('file:')) return false
  if (asked.startsWith('file:')) return isBelow(touched, asked) || isBelow(asked, touched)
  const folder = asked.startsWith('folder:') ? asked.replace('folder:', 'file:') : undefined
  // What changes in a folder leaves it a folder; what makes one says so.
  return folder !== undefined && (folder === touched || isBelow(folder, touched))
}

export function anyConflict(touched: Iterable<Subject>, asked: Iterable<Subject>): boolean {
  const list = [...asked]
  for (const subject of touched) if (list.some((other) => conflict(subject, other))) return true
  return false
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}

/** The name that was probably meant, or undefined when none is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  // A third of the letters wrong is still a typing error; more is another word.
  let allowed = Math.max(1, Math.floor(name.length / 3)) + 1
  let nearest: string | undefined
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= allowed) continue
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance >= allowed) continue
    allowed = distance
    nearest = candidate
  }
  return nearest
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a.charAt(i - 1) === b.charAt(j - 1)
      const swapped = i > 1 && j > 1 && a.charAt(i - 1) === b.charAt(j - 2) && a.charAt(i - 2) === b.charAt(j - 1)
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Infinity,
      )
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

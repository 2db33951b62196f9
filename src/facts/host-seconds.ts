import { TaskError } from '../errors.ts'

/**
 * Seconds since 1970, as the host's `date +%s.%N` printed them. busybox prints `%N` as it stands; whole seconds would not
 * do, since a file written right before a start must not count as newer than that start.
 */
export function hostSeconds(text: string): number {
  const seconds = Number(text)
  if (Number.isFinite(seconds)) return seconds
  throw new TaskError('"date" on this host does not know fractions of a second', {
    hint: 'Install GNU coreutils there: what busybox has does for files and commands, not for services',
  })
}

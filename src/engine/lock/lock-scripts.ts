import { quote } from '../../connection/quote.ts'
import { ownerText, parseOwner, type LockOwner } from './lock-owner.ts'

/*
 * A lock is a folder that holds one file, named after the run and its process. The folder is made elsewhere, with its
 * file in it, and renamed into place: rename(2) of a folder onto one that is not empty fails, so one of many wins, and
 * a lock without an owner is never seen. Its file is what counts: an empty folder is no lock. So "remove it if it is
 * still mine" is one unlink of a name that is nobody else's, with no gap between a comparison and a removal.
 */

/**
 * Where the lock is: for root, who alone can write in /var/lib, beside the backups; for others in their home. `override`
 * is `elkseal_lock_dir`.
 */
function place(override: string | undefined): string {
  if (override !== undefined) return `lock=${quote(override)}\n`
  return `if [ -w /var/lib ]; then lock=/var/lib/elkseal/lock; else lock=$HOME/.elkseal/lock; fi\n`
}

/**
 * A line for each lock that is there: name, then in seconds since 1970 now, its last sign of life (of the file) and when
 * it was taken (of the folder), then its owner.
 */
const list = `list() {
  for file in "$lock"/*; do
    IFS= read -r owner 2>/dev/null <"$file" || continue
    set -- $(date +%s) $(stat -c %Y "$file" "$lock" 2>/dev/null)
    [ $# -eq 3 ] && printf 'taken %s %s %s %s %s\\n' "\${file##*/}" "$@" "$owner"
  done
}
`

/** Who held it before: changes with every run that ends. By sh alone, for it goes out with every run. */
const last = `last() {
  IFS= read -r before 2>/dev/null <"$lock.last" || before=
  printf 'last %s\\n' "$before"
}
`

/** Looks who is there and who was there last. */
export function probeScript(override: string | undefined): string {
  return `${place(override)}${last}${list}last; list; exit 0`
}

/** When the last one ended: now, and of its file, in seconds since 1970. */
const ended = `ended() { [ ! -e "$lock.last" ] || printf 'ended %s %s\\n' "$(date +%s)" "$(stat -c %Z "$lock.last" 2>/dev/null)"; }
`

/**
 * Takes the lock; `gone` are locks whose runs are known to have ended, which are removed before. Two names of one machine
 * share its lock. When the last one ended is told by two processes: only to who has not seen who that was.
 */
export function takeScript(
  override: string | undefined,
  owner: LockOwner,
  gone: readonly string[],
  tellsEnd = true,
): string {
  const name = quote(owner.lock)
  const removed = gone.map((lock) => `rm -f -- "$lock"/${quote(lock)}\n`).join('')
  return `${place(override)}${last}${tellsEnd ? ended : 'ended() { :; }\n'}${list}name=${name}
parent=\${lock%/*}; new=$lock.$name.$$
[ -d "$parent" ] || [ -d "$parent" ] || mkdir -p -- "$parent" || exit 20
${removed}for try in 1 2 3 4 5; do
  mkdir -- "$new" && printf '%s\\n' ${quote(ownerText(owner))} >"$new/$name" || { rm -rf -- "$new"; exit 20; }
  if mv -fT -- "$new" "$lock" 2>/dev/null; then last; ended; echo held; exit 0; fi
  rm -rf -- "$new"
  if [ -e "$lock/$name" ]; then last; ended; echo held; exit 0; fi
  found=$(list)
  [ -n "$found" ] && { last; printf '%s\\n' "$found"; exit 0; }
done
echo "Something else is at $lock" >&2
exit 20`
}

/** A sign of life, by the host's own clock; tells who is there instead when the lock is not ours any more. */
export function beatScript(override: string | undefined, lock: string): string {
  return `${place(override)}${list}[ -e "$lock"/${quote(lock)} ] && touch -c -- "$lock"/${quote(lock)} && { echo held; exit 0; }
list; exit 0`
}

/** Ends the lock of a run that may have changed something: it is remembered as the last one. The empty folder stays. */
export function leaveScript(override: string | undefined, lock: string): string {
  const name = quote(lock)
  return `${place(override)}${last}if mv -f -- "$lock"/${name} "$lock.last" 2>/dev/null; then
  echo left; exit 0
fi
last; exit 0`
}

/** Ends a lock under which nothing was changed. */
export function withdrawScript(override: string | undefined, lock: string): string {
  return `${place(override)}rm -f -- "$lock"/${quote(lock)}; rmdir -- "$lock" 2>/dev/null; exit 0`
}

/** Ends all locks of one run, whichever process holds them; tells which were there. */
export function removeScript(override: string | undefined, run: string): string {
  return `${place(override)}${list}list
for file in "$lock"/${quote(run)}.*; do
  mv -f -- "$file" "$lock.last" 2>/dev/null && printf 'removed %s\\n' "\${file##*/}"
done
rmdir -- "$lock" 2>/dev/null; exit 0`
}

/** A lock as it was found on a host; ages are by that host's clock, and undefined where it cannot tell them. */
export interface FoundLock {
  readonly lock: string
  readonly silentMs: number | undefined
  readonly ageMs: number | undefined
  readonly owner: LockOwner | undefined
}

export interface LockAnswer {
  readonly held: boolean
  /** Who held it before, as it stands in the file; undefined when it was not asked. */
  readonly last: string | undefined
  /** How long ago that one ended; undefined when there was none, or it was not asked. */
  readonly endedMs: number | undefined
  readonly found: readonly FoundLock[]
  readonly removed: readonly string[]
  readonly left: boolean
}

/** What any of the scripts said. */
export function parseLockAnswer(stdout: string): LockAnswer {
  const lines = stdout.split('\n')
  const rest = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  const [now = '', ended = ''] = (rest('ended').at(-1) ?? '').split(' ')
  return {
    held: lines.includes('held'),
    last: rest('last').at(-1),
    endedMs: ageOf(ended, now),
    found: rest('taken').map(foundLock),
    removed: rest('removed'),
    left: lines.includes('left'),
  }
}

function foundLock(line: string): FoundLock {
  const [lock = '', now = '', touched = '', born = ''] = line.split(' ', 4)
  const owner = parseOwner(line.slice(lock.length + now.length + touched.length + born.length + 4))
  return { lock, silentMs: ageOf(touched, now), ageMs: ageOf(born, now), owner }
}

/** Clocks are set back at times: nothing is younger than now. */
function ageOf(then: string, now: string): number | undefined {
  const age = (Number(now) - Number(then)) * 1000
  return then === '' || Number(then) === 0 || !Number.isFinite(age) ? undefined : Math.max(0, Math.round(age))
}

import { execFileSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { DemoError } from './demo-error.ts'

/** Elasticsearch refuses to run as root: then its hosts run as nobody, else as whoever runs the demo. */
export interface DemoAccount {
  readonly user: string
  readonly group: string
  readonly uid: number
  readonly gid: number
}

export function demoAccount(): DemoAccount {
  const root = process.getuid?.() === 0
  const id = (...words: readonly string[]) =>
    execFileSync('id', [...words, ...(root ? ['nobody'] : [])], { encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    return { user: id('-un'), group: id('-gn'), uid: Number(id('-u')), gid: Number(id('-g')) }
  } catch (thrown) {
    const message = root
      ? 'As root the demo runs Elasticsearch as "nobody", and there is no such account'
      : 'The account that runs the demo has no name on this machine'
    throw new DemoError(message, { cause: thrown })
  }
}

export function giveTo(account: DemoAccount, ...paths: readonly string[]): void {
  for (const path of paths) chownSync(path, account.uid, account.gid)
}

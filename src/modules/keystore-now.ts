import { TaskError } from '../errors.ts'
import { fileAt, type FileState } from '../facts/file.ts'
import type { Question, Reader } from '../facts/question.ts'

/** A keystore file as it is, and what check mode would already have changed in it. */
export interface KeystoreNow {
  readonly file: FileState
  readonly pending: ReadonlyMap<string, string | undefined>
}

export async function keystoreNow(host: Reader, path: string): Promise<KeystoreNow> {
  const [file, pending] = await Promise.all([
    host.ask(fileAt(path, { content: true })),
    host.ask(pendingKeystoreChanges(path)),
  ])
  // Nobody knows what is in it: to keep it as it is would be a guess.
  if (file.kind === 'file' && file.sha256 === undefined) {
    throw new TaskError(`Cannot read "${path}"`, { hint: 'Use become: true' })
  }
  return { file, pending }
}

/**
 * What check mode would already have changed in a keystore; a removed setting is undefined. Empty in a real run: the
 * keystore itself is asked then.
 */
export function pendingKeystoreChanges(path: string): Question<ReadonlyMap<string, string | undefined>> {
  return {
    subjects: [`keystore:${path}`],
    script: 'exit 0',
    parse: () => new Map(),
    foresee: (forecast) => forecast.keystore(path),
  }
}

import type { Question } from '../facts/question.ts'

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

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Playbook } from '../playbook/playbook.ts'
import { playbookFiles } from '../playbook/playbook-files.ts'

/** A digest of a playbook's text, with that of every file whose tasks it imports or includes by a fixed name. */
export function playbookDigest(playbook: Playbook): string {
  const digest = createHash('sha256')
  for (const file of playbookFiles(playbook)) digest.update(`${file}\0`).update(contentOf(file)).update('\0')
  return digest.digest('hex')
}

/** A file that went away is a change as well. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}

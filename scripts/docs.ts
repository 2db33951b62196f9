import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generatedDocs } from './generated-docs.ts'

rmSync('docs/modules', { recursive: true, force: true })
for (const [file, text] of generatedDocs()) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const program = join(import.meta.dirname, '../../bin/elkseal.js')

describe('the output of elkseal', function () {
  this.timeout(20_000)

  it('may be closed by its reader without ending what goes on', async () => {
    const child = spawn(process.execPath, [program, 'doc'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
    const [code] = (await once(child, 'close')) as [number | null]
    assert.deepEqual([code, said], [0, ''])
  })
})

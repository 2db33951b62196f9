import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addKnownHost,
  hostKeyError,
  judgeHostKey,
  keyFingerprint,
  knownHostName,
  knownKeyTypes,
  parseKnownHosts,
  readKnownHosts,
  type HostKeyVerdict,
} from '../../src/connection/known-hosts.ts'
import { needs } from '../support/needs.ts'
import { newSshKey } from '../support/ssh-key.ts'
import { startSshHost } from '../support/ssh-host.ts'

const line = newSshKey().public.trim()
const key = Buffer.from(line.split(' ')[1] ?? '', 'base64')
const otherLine = newSshKey().public.trim()

function judge(text: string, name: string): HostKeyVerdict['kind'] {
  return judgeHostKey(parseKnownHosts(text, 'known_hosts'), name, key).kind
}

describe('known_hosts', () => {
  const cases: readonly (readonly [string, string, string, HostKeyVerdict['kind']])[] = [
    ['a plain name', `node1 ${line}`, 'node1', 'known'],
    ['one of several names', `node1,192.0.2.1 ${line}`, '192.0.2.1', 'known'],
    ['names in other letters', `Node1 ${line}`, knownHostName('NODE1', 22), 'known'],
    ['a port', `[node1]:2222 ${line}`, knownHostName('node1', 2222), 'known'],
    ['no port for another port', `node1 ${line}`, knownHostName('node1', 2222), 'unknown'],
    ['a pattern', `*.example.org ${line}`, 'a.example.org', 'known'],
    ['an excluded name', `*.example.org,!a.example.org ${line}`, 'a.example.org', 'unknown'],
    ['another key of the same kind', `node1 ${otherLine}`, 'node1', 'changed'],
    ['two keys of a kind', `node1 ${otherLine}\nnode1 ${line}`, 'node1', 'known'],
    ['a key of another kind only', `node1 ssh-rsa AAAA`, 'node1', 'other-kind'],
    ['a revoked key', `node1 ${line}\n@revoked * ${line}`, 'node1', 'revoked'],
    ['an authority only', `@cert-authority * ${line}`, 'node1', 'unknown'],
    ['an unknown marker', `@nonsense node1 ${line}`, 'node1', 'unknown'],
    ['comments, blanks and CRLF', `# note\r\n\r\n  node1 ${line} me@here\r\n`, 'node1', 'known'],
    ['lines that are no entries', `node1\nnode1 ssh-ed25519\n${line}`, 'node1', 'unknown'],
    ['a hash of another name', '|1|AAAA|BBBB ' + line, 'node1', 'unknown'],
    ['a damaged hash', '|1| ' + line, 'node1', 'unknown'],
  ]
  for (const [what, text, name, verdict] of cases) {
    it(`judges ${what}: ${verdict}`, () => assert.equal(judge(text, name), verdict))
  }

  it('names the kinds of key to ask the host for', () => {
    const entries = parseKnownHosts(`node1 ${line}\n@revoked node1 ssh-rsa AAAA\nother ssh-dss AAAA`, 'known_hosts')
    assert.deepEqual(knownKeyTypes(entries, 'node1'), ['ssh-ed25519'])
  })

  it('says plainly that host certificates are not supported', () => {
    const verdict = judgeHostKey(parseKnownHosts(`@cert-authority * ${line}`, 'known_hosts'), 'node1', key)
    assert.match(hostKeyError(verdict, 'node1', key).hint ?? '', /@cert-authority/)
  })

  it('shows the fingerprint as ssh-keygen does', function () {
    needs(this, 'ssh-keygen')
    const shown = execFileSync('ssh-keygen', ['-lf', '-'], { input: `${line}\n` }).toString()
    assert.equal(shown.split(' ')[1], keyFingerprint(key))
  })

  it('understands what ssh-keyscan -H writes, and writes what ssh-keygen -R removes', async function () {
    needs(this, 'ssh-keyscan', 'ssh-keygen')
    const folder = mkdtempSync(join(tmpdir(), 'elkseal-known-'))
    const host = await startSshHost({ home: folder, users: {} })
    const shown = Buffer.from(host.hostKeyLine.split(' ')[2] ?? '', 'base64')
    const name = knownHostName(host.address, host.port)
    const file = join(folder, 'known_hosts')
    // Not awaited in this thread: the host that is scanned lives in it.
    const { spawn } = await import('node:child_process')
    const scan = spawn('ssh-keyscan', ['-H', '-t', 'ed25519', '-p', String(host.port), host.address], { stdio: 'pipe' })
    let text = ''
    for await (const chunk of scan.stdout) text += String(chunk)
    assert.match(text, /^\|1\|/m)
    writeFileSync(file, text.trimEnd())
    assert.equal(judgeHostKey(readKnownHosts([file]), name, shown).kind, 'known')
    addKnownHost(file, 'node9', key)
    assert.equal(judgeHostKey(readKnownHosts([file]), 'node9', key).kind, 'known')
    execFileSync('ssh-keygen', ['-R', 'node9', '-f', file], { stdio: 'ignore' })
    execFileSync('ssh-keygen', ['-R', name, '-f', file], { stdio: 'ignore' })
    assert.equal(readFileSync(file, 'utf8'), '')
    await host.close()
    rmSync(folder, { recursive: true })
  })
})

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { issueAuthority, issueLeaf, type Authority, type Identity, type LeafRequest } from '../../src/pki/issue.ts'

export const now = new Date('2027-03-01T12:00:00Z')

export function daysAfter(start: Date, days: number): Date {
  return new Date(start.getTime() + days * 86_400_000)
}

let shared: Promise<Authority> | undefined

/** A CA of 1,000 days from `now`, made once for all tests. */
export function testAuthority(): Promise<Authority> {
  shared ??= issueAuthority({ commonName: 'Test CA', days: 1000, keyBits: 2048, now })
  return shared
}

export const leafRequest: LeafRequest = {
  commonName: 'es1',
  names: { dns: ['es1', 'es1.lab', 'localhost'], addresses: ['127.0.0.1', '::1'] },
  days: 365,
  keyBits: 2048,
  usages: ['server'],
  now,
}

export async function testLeaf(request: Partial<LeafRequest> = {}, authority?: Authority): Promise<Identity> {
  return issueLeaf({ ...leafRequest, ...request }, authority ?? (await testAuthority()))
}

/** Calls `use` with a new folder that is gone afterwards. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'elkseal-test-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Standard output of a tool. Rejects, with its error text, when it fails. */
export async function tool(file: string, words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<string> {
  return (await ran(file, words, environment)).stdout
}

/** What a tool says on standard error. Rejects when it fails. */
export async function toolMessages(file: string, words: readonly string[]): Promise<string> {
  return (await ran(file, words)).stderr
}

async function ran(
  file: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', ...environment }
  return promisify(execFile)(file, [...words], { env, encoding: 'latin1', maxBuffer: 1 << 24 })
}

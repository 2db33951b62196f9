import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Reader } from '../../src/facts/question.ts'
import { parseArguments } from '../../src/modules/arguments.ts'
import type { Effect } from '../../src/modules/effect.ts'
import type { Context, Decision, Look, Module, Values } from '../../src/modules/module.ts'
import { openVault } from '../../src/secrets/ansible-vault.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { passwordFromText } from '../../src/secrets/vault-password.ts'
import type { Vault } from '../../src/secrets/vault.ts'

export const testVault: Vault = openVault([passwordFromText('default', new Secret('vault password'))])

/** The machine the tests run on, as controller: real files, no shell. */
const controller: Reader = {
  host: 'localhost',
  ask: (question) => {
    if (question.answerHere === undefined) throw new Error('a controller task asks for files only')
    return question.answerHere()
  },
  open: () => Promise.reject(new Error('a controller task opens no connection')),
}

/** What a module decides about the real files of this machine. Nothing is changed. */
export async function decideHere<Args, State>(
  module: Module<Args, State>,
  values: Values,
  at: Date,
): Promise<Decision> {
  const args = parseArguments(module as Module, values) as Args
  const clock = { now: () => at, sleep: () => Promise.resolve() }
  const render = (text: string) => text
  const findSource = (path: string) => join(String(values['dir']), '..', path)
  const look: Look = { host: controller, controller, vault: testVault, render, findSource, clock }
  const context: Context = {
    host: 'localhost',
    now: at,
    vault: testVault,
    evaluate: () => undefined,
    render,
    variable: () => undefined,
  }
  return module.decide(await module.inspect(look, args), args, context)
}

/** Decides, and does it. */
export async function runHere<Args, State>(module: Module<Args, State>, values: Values, at: Date): Promise<Decision> {
  const decision = await decideHere(module, values, at)
  if (decision.kind === 'change') for (const effect of decision.change.effects) await perform(effect)
  return decision
}

export function reasonOf(decision: Decision): string {
  if (decision.kind === 'keep') return decision.reason
  return decision.kind === 'change' ? decision.change.summary : decision.kind
}

export async function filesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).sort()
}

export async function opened(path: string): Promise<Secret> {
  return testVault.decrypt(await readFile(path), path)
}

export async function perform(effect: Effect): Promise<void> {
  if (effect.kind === 'make-directory') await mkdir(effect.path, { recursive: true })
  else if (effect.kind === 'write-file') {
    const { content } = effect
    await writeFile(effect.path, Buffer.isBuffer(content) ? content : content.revealBytes())
    await chmod(effect.path, effect.mode ?? 0o600)
  } else if (effect.kind === 'remove-path') await rm(effect.path)
  else throw new Error(`the PKI store needs no ${effect.kind}`)
}

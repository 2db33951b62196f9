import type { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Reader } from '../facts/question.ts'
import type { Vault } from '../secrets/vault.ts'
import type { Effect } from './effect.ts'

/** A value of the playbook language: what templates, registers and facts hold. Secrets stay wrapped until rendered. */
export type Value = unknown
export type Values = Readonly<Record<string, Value>>

/**
 * A task module: looks at the host, then decides. It never changes anything and never learns of check mode: what it
 * decides is data, and the engine performs, forecasts, journals and undoes it.
 */
export interface Module<Args = unknown, State = unknown> {
  /** Ansible's short name where the module is Ansible's. */
  readonly name: string
  /** All other names it answers to: `ansible.builtin.copy`. */
  readonly aliases: readonly string[]
  /** One sentence for the docs. */
  readonly summary: string
  /** YAML tasks for the docs; tests parse them. */
  readonly examples: string
  readonly args: z.ZodType<Args>
  /** Where it looks and acts: on the host of the task, or on the controller (the PKI store). Default host. */
  readonly on?: 'host' | 'controller'
  /** The argument that `module: text` fills (`command: id`, `debug` has none). */
  readonly freeForm?: string
  /** True for set_fact and the like: the arguments' names are the user's own. */
  readonly anyArguments?: boolean
  /** Arguments that are given as expressions and not rendered before (`that` of assert). */
  readonly rawArguments?: readonly string[]
  /** What it writes on a host is made at random (a key, a salt): a plan knows it by what was asked for. */
  readonly makesAtRandom?: boolean
  /** The task cannot converge (a command): the contract tests do not expect "keep" on the second look. */
  readonly neverConverges?: boolean
  /** Whatever it finds, it may change anything on the host (a command), unless it has an argument `creates` or `removes`. */
  readonly mayChangeAnything?: boolean
  /** Looks only. Every `host.ask` outstanding at the same time shares a round trip. */
  inspect(look: Look, args: Args): Promise<State>
  /** Pure. */
  decide(state: State, args: Args, context: Context): Decision
}

export interface Look {
  readonly host: Reader
  /** The machine elkseal runs on: sources of copy and template, the PKI store. */
  readonly controller: Reader
  readonly vault: Vault
  /** Renders Jinja text with the task's variables. */
  render(text: string): string
  /** Resolves `src` of copy, template and the like, as Ansible searches it: absolute, or beside the playbook (files/, templates/). */
  findSource(path: string, folder: 'files' | 'templates' | 'vars'): string
  readonly clock: Clock
  /** When the run had begun that is resumed now: what is newer is its own work. Undefined in any other run. */
  readonly resumedSince?: Date | undefined
}

export interface Context {
  readonly host: string
  readonly now: Date
  readonly vault: Vault
  /** Evaluates a Jinja expression (`when`, `assert.that`). Throws a TaskError on an undefined variable. */
  evaluate(expression: string): Value
  render(text: string): string
  /** All variables of the task, rendered when read. */
  variable(name: string): Value
}

export type Decision = Keep | ChangeDecision | Wait | Fail

interface Outcome {
  /** What `register` sees besides changed, failed and msg. */
  readonly result?: Values
  /** Becomes variables of the host (set_fact, facts modules). */
  readonly facts?: Values
  /** group_by: groups the host joins from now on. */
  readonly groups?: readonly string[]
}

/** Nothing to do, and why: "valid until 2027-03-01, renewal starts 2027-01-30". */
export interface Keep extends Outcome {
  readonly kind: 'keep'
  readonly reason: string
}

export interface ChangeDecision extends Outcome {
  readonly kind: 'change'
  readonly change: Change
  /** Builds `register`'s view from what the effects returned (rc, stdout, status…), in order of the effects. */
  readonly collect?: (results: readonly Values[]) => Values
  /** Looks for the cause when an effect fails: a message in place of the effect's own, and what to do. */
  readonly explain?: (look: Look) => Promise<Cause | undefined>
}

/** Why something failed, and what to do about it. */
export interface Cause {
  readonly message: string
  readonly hint?: string | undefined
}

/** Nothing to change, but something to wait for. In check mode with changes pending it is `undetermined`. */
export interface Wait extends Outcome {
  readonly kind: 'wait'
  /** What is waited for, in words: "ek1 to serve certificate 3f2a…". */
  readonly what: string
  readonly timeoutMs: number
  readonly intervalMs: number
  /** Looks once. Must only look. `result` and `facts` as in Outcome once done. */
  probe(look: Look): Promise<Probe>
  /** Looks for the cause when time is up: text to show, and what to do. */
  explain?(look: Look): Promise<Cause>
}

export type Probe =
  | ({ readonly done: true; readonly reason: string } & Outcome)
  | {
      readonly done: false
      readonly found: string
      /** Waiting longer is of no use. */
      readonly final?: boolean
      /** What `register` sees when this was the last look. */
      readonly result?: Values
    }

export interface Fail extends Outcome {
  readonly kind: 'fail'
  readonly message: string
  readonly hint?: string
}

export interface Change {
  /** One line, safe to print: "http.p12 (3 f… → 9 a…), root:elasticsearch 0640". */
  readonly summary: string
  readonly diff?: Diff
  readonly effects: readonly Effect[]
}

/** Text before and after; secrets must not be in it. */
export interface Diff {
  readonly before: string
  readonly after: string
  readonly beforeHeader: string
  readonly afterHeader: string
}

/** Fixes the type parameters of a module while keeping them out of the registry. */
export function defineModule<Args, State>(module: Module<Args, State>): Module<Args, State> {
  return module
}

import type { Lasting } from '../../facts/question.ts'

/** Raised when what a plan file says, or how its digests are made, changes. */
export const planFormat = 'elkseal plan 1'

/**
 * What a check run listed, and what it listed it on. Safe to show to anybody: what could be secret is in it as a keyed
 * digest only.
 */
export interface Plan {
  readonly format: string
  /** The version of elkseal: another one may decide otherwise. */
  readonly elkseal: string
  readonly made: string
  readonly command: PlannedCommand
  /** Each play with the hosts that it had. */
  readonly plays: readonly PlannedPlay[]
  /** In the order in which they were forecast. */
  readonly steps: readonly PlannedStep[]
  /** Each host with what was seen on it, by name. */
  readonly seen: Readonly<Record<string, Readonly<Record<string, SeenAnswer>>>>
  readonly inputs: PlannedInputs
}

/** The command line, as far as it decides what is done. */
export interface PlannedCommand {
  readonly playbook: string
  readonly inventory: readonly string[]
  readonly limit?: string | undefined
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly startAtTask?: string | undefined
  readonly user?: string | undefined
  readonly become?: boolean | undefined
  readonly becomeUser?: string | undefined
  readonly becomeMethod?: string | undefined
}

export interface PlannedPlay {
  readonly play: string
  readonly hosts: readonly string[]
}

/** Where in a playbook, and on which host. */
export interface StepPlace {
  readonly host: string
  readonly play: string
  readonly task: string
  /** File, line and column of the task. */
  readonly at: string
  /** Label of the loop's item. */
  readonly item?: string | undefined
}

/** The same for steps at one place: a loop, or a play of several batches, comes to one more than once. */
export function placeKey({ host, play, at, item }: StepPlace): string {
  return JSON.stringify([host, play, at, item])
}

/** `change` will be made just like this; of `undetermined` nobody can say before what comes ahead of it is done. */
export interface PlannedStep extends StepPlace {
  /** The machine that is changed, when it is not the host. */
  readonly on?: string | undefined
  readonly module: string
  readonly status: 'change' | 'undetermined'
  readonly summary: string
  /** One line each. */
  readonly effects: readonly string[]
  /** Of all that would be done, contents included; undefined where nothing was decided yet. */
  readonly digest?: string | undefined
}

/** A lasting answer, its content as a keyed digest. */
export interface SeenAnswer extends Pick<Lasting, 'words'> {
  readonly digest?: string | undefined
}

/** Keyed digests of everything that the user wrote. */
export interface PlannedInputs {
  /** Of playbooks, imported and included files, and vars_files, by path. */
  readonly files: Readonly<Record<string, string>>
  readonly variablesOfHosts: Readonly<Record<string, string>>
  /** Of each variable, as all hosts have it. */
  readonly variables: Readonly<Record<string, string>>
  /** What was given with -e. */
  readonly extraVars: Readonly<Record<string, string>>
}

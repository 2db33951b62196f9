import { AllowedChanges } from './allowed-changes.ts'
import { placeKey, type Plan, type PlannedInputs, type PlannedStep, type SeenAnswer } from './plan.ts'

/** Something that is not as it was when the plan was made. */
export interface Movement {
  /** The host; undefined for what the user wrote. */
  readonly host?: string | undefined
  readonly text: string
  /** The machine it is about, when it is not the host. */
  readonly on?: string | undefined
}

/** What the user wrote. */
export function compareInputs(planned: PlannedInputs, now: PlannedInputs): readonly Movement[] {
  const files = differences(planned.files, now.files).map((file) => ({
    text:
      now.files[file] === undefined
        ? `"${file}" cannot be read any more`
        : planned.files[file] === undefined
          ? `"${file}" is new`
          : `"${file}" was changed`,
  }))
  const extra = differences(planned.extraVars, now.extraVars).map((name) => ({
    text: `the variable "${name}" ${howGiven(planned.extraVars[name], now.extraVars[name])}`,
  }))
  return [...files, ...extra, ...compareVariables(planned, now)]
}

/**
 * What was seen on the hosts, and what would be done on them. Where something that was seen has changed, what would be
 * done there follows from it, and is not told as well.
 */
export function compareRuns(
  planned: Pick<Plan, 'plays' | 'steps' | 'seen'>,
  now: Pick<Plan, 'plays' | 'steps' | 'seen'>,
): readonly Movement[] {
  const seen = compareSeen(planned.seen, now.seen)
  return [...comparePlays(planned, now), ...seen, ...unexplained(compareSteps(planned.steps, now.steps), seen)]
}

/**
 * What is left of a run that was cut off: it must be in the plan. What the run did is done, and on the hosts that it
 * changed other things are seen than before.
 */
export function compareRemaining(
  planned: Pick<Plan, 'plays' | 'steps' | 'seen'>,
  now: Pick<Plan, 'plays' | 'steps' | 'seen'>,
  changedHosts: ReadonlySet<string>,
): readonly Movement[] {
  const seen = compareSeen(planned.seen, now.seen).filter(({ host }) => !changedHosts.has(host))
  const allowed = new AllowedChanges(planned.steps)
  const steps = now.steps
    .filter((step) => step.digest !== undefined && !allowed.has(step, step.digest))
    .map((step) =>
      stepChange(
        planned.steps.find((other) => placeKey(other) === placeKey(step)),
        step,
      ),
    )
  return [...newInPlays(planned, now), ...seen, ...unexplained(steps, seen)]
}

/** Those on hosts where nothing that was seen is another. */
function unexplained(steps: readonly Movement[], seen: readonly Movement[]): readonly Movement[] {
  const explained = new Set(seen.map(({ host }) => host))
  return steps.filter(({ host, on }) => !explained.has(host) && (on === undefined || !explained.has(on)))
}

function howGiven(before: string | undefined, after: string | undefined): string {
  if (after === undefined) return 'was given with -e, and is not now'
  return before === undefined ? 'was not given with -e' : 'had another value with -e'
}

function compareVariables(planned: PlannedInputs, now: PlannedInputs): readonly Movement[] {
  const hosts = differences(planned.variablesOfHosts, now.variablesOfHosts)
  if (hosts.length === 0) return []
  const names = differences(planned.variables, now.variables)
  const [gone, come] = [
    hosts.filter((host) => now.variablesOfHosts[host] === undefined),
    hosts.filter((host) => planned.variablesOfHosts[host] === undefined),
  ]
  const other = hosts.filter((host) => !gone.includes(host) && !come.includes(host))
  const which = names.length === 0 ? 'variables' : names.map((name) => `"${name}"`).join(', ')
  return [
    ...gone.map((host) => ({ host, text: 'is not in the inventory any more' })),
    ...come.map((host) => ({ host, text: 'is new in the inventory' })),
    ...other.map((host) => ({ host, text: `has other values of ${which} in the inventory` })),
  ]
}

function comparePlays(planned: Pick<Plan, 'plays'>, now: Pick<Plan, 'plays'>): readonly Movement[] {
  return planned.plays.flatMap(({ play, hosts }, index) => {
    const found = now.plays[index]?.hosts ?? []
    return [
      ...hosts
        .filter((host) => !found.includes(host))
        .map((host) => ({ host, text: `is no longer in play "${play}"` })),
      ...newInPlay(play, hosts, found),
    ]
  })
}

/** Hosts that have nothing left to do may be missing from plays that choose theirs by what is due. */
function newInPlays(planned: Pick<Plan, 'plays'>, now: Pick<Plan, 'plays'>): readonly Movement[] {
  return now.plays.flatMap(({ play, hosts }) => {
    const before = planned.plays.flatMap((other) => (other.play === play ? other.hosts : []))
    return newInPlay(play, before, hosts)
  })
}

function newInPlay(play: string, before: readonly string[], now: readonly string[]): readonly Movement[] {
  return now.filter((host) => !before.includes(host)).map((host) => ({ host, text: `is new in play "${play}"` }))
}

/** What only one of them has seen, the other did not need for what it decided. */
function compareSeen(planned: Plan['seen'], now: Plan['seen']): readonly (Movement & { readonly host: string })[] {
  return Object.entries(planned).flatMap(([host, answers]) =>
    Object.entries(answers).flatMap(([of, before]) => {
      const after = now[host]?.[of]
      const how = after === undefined ? undefined : seenChange(before, after)
      return how === undefined ? [] : [{ host, text: `${nameOf(of)} ${how}` }]
    }),
  )
}

function seenChange(before: SeenAnswer, after: SeenAnswer): string | undefined {
  const isOther = before.digest !== undefined && after.digest !== undefined && before.digest !== after.digest
  if (before.words !== after.words) {
    return `is ${after.words}${isOther ? ' with another content' : ''}; in the plan it was ${before.words}`
  }
  return before.digest === after.digest ? undefined : 'has another content than in the plan'
}

/** `file:/etc/hosts` → /etc/hosts, `service:ssh` → service ssh. */
function nameOf(of: string): string {
  const path = /^(?:file|link|stat|lstat):(.*)$/s.exec(of)?.[1]
  return path ?? of.replace(':', ' ')
}

function compareSteps(planned: readonly PlannedStep[], now: readonly PlannedStep[]): readonly Movement[] {
  const [before, after] = [byPlace(planned), byPlace(now)]
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) =>
    compareAt(before.get(key) ?? [], after.get(key) ?? []),
  )
}

/** Decided steps at one place. */
function compareAt(before: readonly PlannedStep[], after: readonly PlannedStep[]): readonly Movement[] {
  const gone = without(before, after)
  const come = without(after, before)
  return Array.from({ length: Math.max(gone.length, come.length) }, (_, index) => stepChange(gone[index], come[index]))
}

function stepChange(gone: PlannedStep | undefined, come: PlannedStep | undefined): Movement {
  const step = (come ?? gone) as PlannedStep
  const item = step.item === undefined ? '' : ` (${step.item})`
  return { host: step.host, on: step.on, text: `task "${step.task}"${item} ${howDecided(gone, come)}` }
}

function howDecided(gone: PlannedStep | undefined, come: PlannedStep | undefined): string {
  if (come === undefined) return `has nothing to do any more; in the plan it was: ${gone?.summary ?? ''}`
  if (gone === undefined) return `would do what the plan does not have: ${come.summary}`
  if (gone.summary === come.summary) return `would do it otherwise than in the plan: ${come.summary}`
  return `would now do: ${come.summary}; in the plan it was: ${gone.summary}`
}

/** Steps of which nothing was decided are not compared: their words tell of the moment. */
function byPlace(steps: readonly PlannedStep[]): ReadonlyMap<string, readonly PlannedStep[]> {
  const decided = steps.filter(({ digest }) => digest !== undefined)
  return Map.groupBy(decided, placeKey)
}

function without(steps: readonly PlannedStep[], others: readonly PlannedStep[]): readonly PlannedStep[] {
  const left = others.map(({ digest }) => digest)
  return steps.filter(({ digest }) => {
    const index = left.indexOf(digest)
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
}

function differences(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter((name) => one[name] !== other[name])
}

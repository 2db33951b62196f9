/**
 * The phases of a CA rotation, decided from what is seen on the hosts and never from memory: everybody trusts both CAs,
 * then each server gets a certificate of the next CA, then nobody trusts the old one any more. A phase begins when every
 * host shows the one before. Whoever both serves and trusts (transport) is seen as both.
 */
export type Phase = 'trust' | 'reissue' | 'drop'

/** Where a certificate comes from. `former`: from a CA that was rotated out; `none`: there is no certificate. */
export type Origin = 'current' | 'next' | 'former' | 'other' | 'none'

/** Why nothing can be done to a host now, and what to do first. */
export interface Obstacle {
  readonly text: string
  readonly hint: string
}

export interface SeenServer {
  /** "es1" */
  readonly name: string
  readonly store: Origin
  readonly file: Origin
  readonly served: Origin
  /** The certificate of the store is the one in the file, and the one that is served. */
  readonly isSettled: boolean
  readonly obstacle: Obstacle | undefined
}

export interface SeenClient {
  /** "Kibana on kb1" */
  readonly name: string
  /** The CAs in the file that it trusts by. */
  readonly trusts: readonly Origin[]
  /** Its process started after that file was written: it reads it at no other time. */
  readonly isRead: boolean
  readonly obstacle: Obstacle | undefined
}

export interface RotationView {
  /**
   * `steady`: one CA. `rotating`: the next one is there too. `promoting`: the next one has become the current one, and
   * is not cleared away yet.
   */
  readonly store: 'steady' | 'rotating' | 'promoting'
  /** Why a rotation has to begin, in words; undefined when it need not. */
  readonly due: string | undefined
  /** Why not, in words. */
  readonly notDue: string
  /** What stands against beginning it, or against carrying it on, whatever the hosts show. */
  readonly obstacle: Obstacle | undefined
  readonly servers: readonly SeenServer[]
  readonly clients: readonly SeenClient[]
}

export interface PhaseStep {
  readonly phase: Phase
  readonly name: string
  readonly isDone: boolean
  /** "trusts current, next; not read since" */
  readonly found: string
}

export interface RotationPlan {
  /** What is to be done now. `none`: nothing; `refuse`: something, but `obstacle` stands against it. */
  readonly phase: Phase | 'none' | 'refuse'
  /** A next CA has to be made first. */
  readonly begins: boolean
  /** Every host in every phase, as far as it concerns it. Empty when nothing is under way. */
  readonly steps: readonly PhaseStep[]
  readonly text: string
  readonly hint: string
}

export function planRotation(view: RotationView): RotationPlan {
  const wanted = wantedPlan(view)
  if (wanted.phase === 'none') return wanted
  const concerns = wanted.begins || view.store === 'rotating'
  const obstacles = [...(concerns ? [view.obstacle ?? []].flat() : []), ...obstaclesOf(view)]
  const [first] = obstacles
  if (first === undefined) return wanted
  return { ...wanted, phase: 'refuse', text: obstacles.map(({ text }) => text).join('; '), hint: first.hint }
}

function wantedPlan(view: RotationView): RotationPlan {
  const steps = stepsOf(view)
  const nothing = { begins: false, steps: [], hint: '' } as const
  if (view.store === 'steady') {
    if (steps.some((step) => !step.isDone)) return { ...nothing, phase: 'drop', steps, text: textOf('drop', steps) }
    if (view.due === undefined) return { ...nothing, phase: 'none', text: view.notDue }
    return { ...nothing, phase: 'trust', begins: true, text: `a rotation begins: ${view.due}` }
  }
  const phase = (['trust', 'reissue'] as const).find((one) => isOpen(steps, one)) ?? 'drop'
  return { ...nothing, phase, steps, text: textOf(phase, steps) }
}

function isOpen(steps: readonly PhaseStep[], phase: Phase): boolean {
  return steps.some((step) => step.phase === phase && !step.isDone)
}

function stepsOf(view: RotationView): readonly PhaseStep[] {
  const { clients, servers } = view
  if (view.store !== 'rotating') return clients.map((client) => dropStep(client))
  // The old CA is needed as long as a server may show a certificate of it, also after a start.
  const isOldNeeded = servers.some((server) => server.file !== 'next' || server.served !== 'next')
  const needed: readonly Origin[] = isOldNeeded ? ['current', 'next'] : ['next']
  return [...clients.map((client) => trustStep(client, needed)), ...servers.map(reissueStep)]
}

function trustStep(client: SeenClient, needed: readonly Origin[]): PhaseStep {
  const isDone = client.isRead && needed.every((origin) => client.trusts.includes(origin))
  return { phase: 'trust', name: client.name, isDone, found: trustText(client) }
}

function reissueStep({ name, store, file, served, isSettled }: SeenServer): PhaseStep {
  const isDone = isSettled && [store, file, served].every((origin) => origin === 'next')
  const places = `store ${words[store]}, file ${words[file]}, served ${words[served]}`
  return { phase: 'reissue', name, isDone, found: isSettled || isDone ? places : `${places}, not the same` }
}

/** The CA that was the next is the current one by then. What else a client trusts is its own business. */
function dropStep(client: SeenClient): PhaseStep {
  const isDone = client.isRead && client.trusts.includes('current') && !client.trusts.includes('former')
  return { phase: 'drop', name: client.name, isDone, found: trustText(client) }
}

const words: Readonly<Record<Origin, string>> = {
  current: 'of the current CA',
  next: 'of the next CA',
  former: 'of a former CA',
  other: 'of another CA',
  none: 'none',
}

function trustText({ trusts, isRead }: SeenClient): string {
  const names = trusts.map((origin) =>
    origin === 'other' ? 'another' : origin === 'former' ? 'a former' : `the ${origin}`,
  )
  const list = names.length === 0 ? 'no CA' : `${names.join(' and ')} CA`
  return isRead ? `trusts ${list}` : `its file has ${list}, but it runs since before that was written`
}

function textOf(phase: Phase, steps: readonly PhaseStep[]): string {
  const of = steps.filter((step) => step.phase === phase)
  const open = of.filter((step) => !step.isDone)
  const list = open.map(({ name, found }) => `${name} (${found})`).join(', ')
  const done = of.length > open.length ? `; done: ${of.length - open.length} of ${of.length}` : ''
  switch (phase) {
    case 'trust':
      return `a rotation is under way: both CAs have to be trusted by ${list}${done}`
    case 'reissue':
      return `a rotation is under way, and both CAs are trusted: new certificates are due for ${list}${done}`
    case 'drop':
      return list === ''
        ? 'a rotation is under way, and every node serves a certificate of the next CA: the old CA is dropped'
        : `a rotation is at its end: the old CA has to be dropped by ${list}${done}`
  }
}

function obstaclesOf({ servers, clients }: RotationView): readonly Obstacle[] {
  const own = [...servers, ...clients].flatMap(({ obstacle }) => obstacle ?? [])
  const foreign = servers.filter((one) => one.obstacle === undefined && [one.file, one.served].includes('other'))
  return [...own, ...foreign.map(foreignObstacle)]
}

function foreignObstacle({ name, file, served }: SeenServer): Obstacle {
  const where = served === 'other' ? 'serves a certificate' : file === 'other' ? 'has a certificate in its file' : ''
  return {
    text: `"${name}" ${where} of a CA that the store does not have`,
    hint: "Check pki_dir. If the CA was replaced in the store by hand: put back the old one's certificate (and key, if it is there), and give the new one by http_ca_path",
  }
}

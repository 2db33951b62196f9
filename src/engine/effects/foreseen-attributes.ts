import { groupNamed, ownAccount, userNamed } from '../../facts/account.ts'
import type { FileState } from '../../facts/file.ts'
import type { Ownership } from '../../modules/effect.ts'
import type { Forecaster } from './effect-kind.ts'

export interface ForeseenAttributes {
  readonly owner: string
  readonly group: string
  readonly mode: number
  readonly mtime: number
}

/** Owner, group and mode as an effect leaves them: what is asked for, else what was there, else what our account makes. */
export async function attributesAfter(
  wanted: Ownership,
  before: FileState,
  { host, defaultMode }: { readonly host: Forecaster; readonly defaultMode: number },
): Promise<ForeseenAttributes> {
  const [user, group] = await Promise.all([
    wanted.owner === undefined ? undefined : host.reader.ask(userNamed(wanted.owner)),
    wanted.group === undefined ? undefined : host.reader.ask(groupNamed(wanted.group)),
  ])
  const asIs = await ownedBefore(wanted, before, host)
  return {
    owner: user?.name ?? asIs.owner,
    group: group?.name ?? asIs.group,
    mode: wanted.mode ?? (before.kind === 'absent' ? defaultMode : before.mode),
    mtime: Math.floor(host.clock.now().getTime() / 1000),
  }
}

async function ownedBefore(
  wanted: Ownership,
  before: FileState,
  host: Forecaster,
): Promise<Pick<ForeseenAttributes, 'owner' | 'group'>> {
  if (before.kind !== 'absent') return before
  if (wanted.owner !== undefined && wanted.group !== undefined) return { owner: wanted.owner, group: wanted.group }
  const { user, group } = await host.reader.ask(ownAccount())
  return { owner: user, group }
}

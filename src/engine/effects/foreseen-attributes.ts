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
  const [account, user, group] = await Promise.all([
    before.kind === 'absent' ? host.reader.ask(ownAccount()) : undefined,
    wanted.owner === undefined ? undefined : host.reader.ask(userNamed(wanted.owner)),
    wanted.group === undefined ? undefined : host.reader.ask(groupNamed(wanted.group)),
  ])
  const old = before.kind === 'absent' ? undefined : before
  return {
    owner: user?.name ?? old?.owner ?? account?.user ?? '',
    group: group?.name ?? old?.group ?? account?.group ?? '',
    mode: wanted.mode ?? old?.mode ?? defaultMode,
    mtime: Math.floor(host.clock.now().getTime() / 1000),
  }
}

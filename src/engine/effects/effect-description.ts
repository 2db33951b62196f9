import { modeText } from '../../modules/file-mode.ts'
import type { Effect, Ownership } from '../../modules/effect.ts'

/** An effect in a line, for the list of changes and the journal. Safe to print. */
export function effectDescription(effect: Effect): string {
  switch (effect.kind) {
    case 'write-file':
      return `write ${effect.path}${ownershipText(effect)}`
    case 'set-attributes':
      return `set attributes of ${effect.path}${ownershipText(effect)}`
    case 'make-directory':
      return `make folder ${effect.path}${ownershipText(effect)}`
    case 'make-link':
      return `link ${effect.path} to ${effect.target}`
    case 'remove-path':
      return `remove ${effect.path}`
    case 'set-service':
      return serviceText(effect.name, effect.action, effect.enabled)
    case 'change-keystore':
      return `keystore ${effect.path}: ${keystoreText([...effect.set.keys()], effect.remove)}`
    case 'run-command':
      return 'run a command'
    case 'http-request':
      return `${effect.request.method} ${effect.request.url.replace(/\?.*/, '')}`
  }
}

function ownershipText({ owner, group, mode }: Ownership): string {
  const account = [owner ?? '', group ?? ''].join(':')
  const parts = [account === ':' ? '' : account, mode === undefined ? '' : modeText(mode)].filter((part) => part !== '')
  return parts.length === 0 ? '' : ` (${parts.join(' ')})`
}

function serviceText(name: string, action: string | undefined, enabled: boolean | undefined): string {
  const words = [action, enabled === undefined ? undefined : enabled ? 'enable' : 'disable'].filter(
    (word) => word !== undefined,
  )
  return `${words.join(' and ')} ${name}`
}

function keystoreText(set: readonly string[], remove: readonly string[]): string {
  return [...set.map((name) => `set ${name}`), ...remove.map((name) => `remove ${name}`)].join(', ')
}

import { quote } from '../connection/quote.ts'
import type { Question } from './question.ts'

export interface Account {
  readonly user: string
  readonly group: string
  readonly uid: number
}

/** Who our shell on the host is. */
export function ownAccount(): Question<Account> {
  return {
    subjects: [],
    script: 'id -un; id -gn; id -u',
    parse: (output) => {
      const [user = '', group = '', uid = ''] = output.stdout.toString().split('\n')
      return { user, group, uid: Number(uid) }
    },
  }
}

export interface NamedId {
  readonly exists: boolean
  /** As `stat -c %U` prints it; UNKNOWN for a number that no account has. */
  readonly name: string
}

/** The account behind a user name or number. */
export function userNamed(user: string): Question<NamedId> {
  return accountQuestion('passwd', user)
}

export function groupNamed(group: string): Question<NamedId> {
  return accountQuestion('group', group)
}

function accountQuestion(database: 'passwd' | 'group', name: string): Question<NamedId> {
  const isNumber = /^\d+$/.test(name)
  const field = isNumber ? 3 : 1
  return {
    subjects: [`host:${database}`],
    // getent knows LDAP and the like; where there is none, the file is all there is.
    script: [
      `n=${quote(name)}`,
      `l=$(getent ${database} "$n" 2>/dev/null || awk -F: -v n="$n" '$${field} == n { print; exit }' /etc/${database})`,
      `printf '%s\\n' "\${l%%:*}"`,
    ].join('\n'),
    parse: (output) => {
      const found = output.stdout.toString().trim()
      return { exists: found !== '' || isNumber, name: found !== '' ? found : isNumber ? 'UNKNOWN' : name }
    },
  }
}

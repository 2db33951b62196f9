/** Permissions as an argument gives them: bits, or clauses that change the bits a file has. */
export type Mode = number | readonly ModeClause[]

export interface ModeClause {
  readonly who: readonly ('u' | 'g' | 'o')[]
  readonly operator: '=' | '+' | '-'
  readonly permissions: string
}

/** Ansible's mode argument. Undefined when it is none. */
export function modeFrom(value: unknown): Mode | undefined {
  if (typeof value === 'number') return isOctalInDisguise(value) ? undefined : inRange(value)
  if (typeof value !== 'string') return undefined
  if (/^0?o?[0-7]{1,5}$/.test(value)) return inRange(parseInt(value.replace('o', ''), 8))
  const clauses = value.split(',').map(clauseFrom)
  return clauses.every((clause) => clause !== undefined) ? clauses : undefined
}

/** The bits that a mode gives a file which has `current`. */
export function applyMode(mode: Mode, current: number, isDirectory: boolean): number {
  if (typeof mode === 'number') return mode
  return mode.reduce((bits, clause) => applyClause(clause, bits, isDirectory), current)
}

export function modeText(bits: number): string {
  return bits.toString(8).padStart(4, '0')
}

/** `mode: 644` without a leading zero or quotes is a decimal number; its bits (01204) are what nobody wants. */
function isOctalInDisguise(value: number): boolean {
  return (value > 0o777 && value <= 777 && /^[0-7]{3}$/.test(String(value))) || [400, 440, 444, 500].includes(value)
}

function inRange(bits: number): number | undefined {
  return Number.isInteger(bits) && bits >= 0 && bits <= 0o7777 ? bits : undefined
}

function clauseFrom(text: string): ModeClause | undefined {
  const match = /^([ugoa]*)([=+-])([rwxXst]*|[ugo])$/.exec(text)
  if (match === null) return undefined
  const [, who = '', operator = '=', permissions = ''] = match
  const all = who === '' || who.includes('a')
  return {
    who: (['u', 'g', 'o'] as const).filter((one) => all || who.includes(one)),
    operator: operator as ModeClause['operator'],
    permissions,
  }
}

const shifts = { u: 6, g: 3, o: 0 } as const
const special = { u: 0o4000, g: 0o2000, o: 0o1000 } as const

function applyClause(clause: ModeClause, bits: number, isDirectory: boolean): number {
  let result = bits
  for (const who of clause.who) {
    const given = bitsFor(clause.permissions, who, { bits, isDirectory })
    // On a folder `=` leaves set-uid and set-gid alone unless they are named, as chmod does.
    const cleared = (0o7 << shifts[who]) | (isDirectory && who !== 'o' ? 0 : special[who])
    if (clause.operator === '=') result = (result & ~cleared) | given
    else result = clause.operator === '+' ? result | given : result & ~given
  }
  return result
}

function bitsFor(
  permissions: string,
  who: 'u' | 'g' | 'o',
  file: { readonly bits: number; readonly isDirectory: boolean },
): number {
  if (permissions === 'u' || permissions === 'g' || permissions === 'o') {
    return ((file.bits >> shifts[permissions]) & 0o7) << shifts[who]
  }
  let given = 0
  for (const letter of permissions) {
    if (letter === 'r') given |= 0o4 << shifts[who]
    if (letter === 'w') given |= 0o2 << shifts[who]
    if (letter === 'x') given |= 0o1 << shifts[who]
    if (letter === 'X' && (file.isDirectory || (file.bits & 0o111) !== 0)) given |= 0o1 << shifts[who]
    if (letter === 's' && who !== 'o') given |= special[who]
    if (letter === 't' && who === 'o') given |= special.o
  }
  return given
}

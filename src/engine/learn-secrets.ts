import { Secret } from '../secrets/secret.ts'
import type { Redactor } from '../secrets/redactor.ts'

/** Tells the redactor of every Secret inside a value: arguments before they are used, results before they are shown. */
export function learnSecrets(value: unknown, redactor: Redactor): void {
  if (value instanceof Secret) redactor.add(value)
  else if (value instanceof Map) for (const item of value.values()) learnSecrets(item, redactor)
  else if (Array.isArray(value)) for (const item of value) learnSecrets(item, redactor)
  else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) learnSecrets(item, redactor)
  }
}

/** Variables that hold a password in the clear: their names say so. */
const secretName = /pass(word|wd|phrase)?$|_pass$|secret$|token$|api_key$/i

/** Passwords that stand unencrypted in the inventory are masked as well; templates are looked at when rendered. */
export function learnPlainPasswords(variables: Readonly<Record<string, unknown>>, redactor: Redactor): void {
  for (const [name, value] of Object.entries(variables)) {
    if (typeof value === 'string' && secretName.test(name) && !value.includes('{{')) redactor.add(value)
    if (typeof value === 'number' && secretName.test(name)) redactor.add(String(value))
  }
}

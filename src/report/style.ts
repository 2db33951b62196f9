import { styleText } from 'node:util'
import type { TaskStatus } from '../engine/events.ts'

type Format = Parameters<typeof styleText>[0]

/** Ansible's colours: green ok, yellow changed, cyan skipped, red trouble. */
const formats: Readonly<Record<TaskStatus, Format>> = {
  ok: 'green',
  changed: 'yellow',
  skipped: 'cyan',
  failed: 'red',
  unreachable: ['bold', 'red'],
  undetermined: 'magenta',
  rescued: 'yellow',
  ignored: 'cyan',
}

export function paint(text: string, status: TaskStatus, color: boolean): string {
  return dye(text, formats[status], color)
}

export function dye(text: string, format: Format, color: boolean): string {
  return color ? styleText(format, text, { validateStream: false }) : text
}

/** What hosts send may hold escape sequences: shown, never obeyed. Line ends and tabs stay. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    if (character === '\r') return ''
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

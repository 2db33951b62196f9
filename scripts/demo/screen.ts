import { styleText } from 'node:util'

const isTerminal = process.stdout.isTTY

/** A heading, and what there is to know before reading on. */
export function say(title: string, lines: readonly string[] = []): void {
  const text = isTerminal ? styleText(['bold', 'cyan'], `━━ ${title}`) : `━━ ${title}`
  process.stdout.write(`\n${text}\n`)
  tell(...lines)
}

export function tell(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `   ${line}\n`).join(''))
}

/** A command as one would type it. */
export function showCommand(words: string): void {
  process.stdout.write(`\n   ${isTerminal ? styleText('bold', `$ ${words}`) : `$ ${words}`}\n`)
}

/** One line that changes on a terminal; elsewhere a line when it begins and one when it is done. */
export function progress(title: string): {
  readonly tick: (text: string) => void
  readonly done: (text: string) => void
} {
  let last = ''
  const draw = (text: string) => {
    if (text !== last) process.stdout.write(`\r\u001b[2K   ${title}: ${text}`)
    last = text
  }
  if (!isTerminal) {
    process.stdout.write(`   ${title} …\n`)
    return { tick: () => undefined, done: (text) => tell(`${title}: ${text}`) }
  }
  return {
    tick: draw,
    done: (text) => {
      draw(text)
      process.stdout.write('\n')
    },
  }
}

/** A programme that was ended while it drew may have left the cursor hidden. */
export function restoreTerminal(): void {
  if (isTerminal) process.stdout.write('\r\u001b[2K\u001b[?25h')
}

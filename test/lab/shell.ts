import { $ as zx, type Options } from 'zx'

/**
 * zx without echo. A command that fails throws with what it printed; arguments are quoted, never joined into text. There
 * is nothing to read on its standard input, and not a pipe that stays open: a command would wait for its end.
 */
export const $ = zx({ verbose: false, quiet: true, stdio: ['ignore', 'pipe', 'pipe'] })

/** Options for a command that reads this text. */
export function reading(input: string | undefined): Partial<Pick<Options, 'input' | 'stdio'>> {
  return input === undefined || input === '' ? {} : { input, stdio: ['pipe', 'pipe', 'pipe'] }
}

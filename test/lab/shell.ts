import { $ as zx } from 'zx'

/** zx without echo. A command that fails throws with what it printed; arguments are quoted, never joined into text. */
export const $ = zx({ verbose: false, quiet: true, stdio: ['pipe', 'pipe', 'pipe'] })

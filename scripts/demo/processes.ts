import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * Ends every process whose command line names something in the demo's folder, which nobody else knows: nodes started
 * by the demo or by elkseal, launchers and tools, at whatever moment the demo is left. By /proc, so on Linux only.
 */
export async function endProcessesOf(folder: string): Promise<void> {
  const asked = new Set<number>()
  for (let waited = 0; ; waited += 100) {
    const living = processesOf(folder)
    if (living.length === 0) return
    for (const pid of living) {
      if (waited >= 10_000) signal(pid, 'SIGKILL')
      else if (!asked.has(pid)) signal(pid, 'SIGTERM')
      asked.add(pid)
    }
    if (waited >= 15_000) return
    await pause(100)
  }
}

/** The process ids, without this process. */
export function processesOf(folder: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && commandOf(pid).includes(`${folder}/`))
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}

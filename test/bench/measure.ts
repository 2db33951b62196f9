import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Measured {
  readonly seconds: number
  readonly exitCode: number | null
  readonly output: string
  /** Of the process itself and not its children, in MiB. */
  readonly peakMemory: number
}

/** Longer than any run takes; then it is ended. */
const limitMs = 600_000

/** Runs a command and takes the time. Memory is read only on request, since that costs a little. */
export function measure(
  words: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly memory?: boolean },
): Promise<Measured> {
  const [command = '', ...rest] = words
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(command, rest, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs,
    })
    let output = ''
    const take = (chunk: Buffer) => (output += chunk.toString())
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    let peakMemory = 0
    const watch =
      options.memory === true ? setInterval(() => (peakMemory = peakOf(child.pid) ?? peakMemory), 20) : undefined
    child.once('error', reject)
    child.once('close', (exitCode) => {
      clearInterval(watch)
      resolve({ seconds: (performance.now() - start) / 1000, exitCode, output, peakMemory })
    })
  })
}

/** The kernel's own high-water mark: only growth in the last moments before the end can be missed. */
function peakOf(pid: number | undefined): number | undefined {
  try {
    const kibibytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kibibytes === undefined ? undefined : Number(kibibytes) / 1024
  } catch {
    return undefined
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

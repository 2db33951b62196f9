import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { main } from '../../src/cli/main.ts'

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Told of every piece of output; may press ctrl-C. */
  readonly onOutput?: (text: string, interrupt: () => void) => void
}

/** A folder of its own, and the command line run in it: in this process, or as a real one. */
export class CommandBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'elkseal-cli-'))

  file(path: string, content: string | Buffer, mode = 0o644): string {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content, { mode })
    return file
  }

  /** `FOLDER` in the arguments stands for the folder. No variable of this process is seen. */
  async run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const out = { stdout: '', stderr: '' }
    const listeners = new Set<() => void>()
    const interrupt = () => {
      for (const listener of [...listeners]) listener()
    }
    const sink = (name: 'stdout' | 'stderr') => ({
      write: (text: string) => {
        out[name] += text
        options.onOutput?.(text, interrupt)
      },
      isTerminal: false,
      columns: Infinity,
    })
    const code = await main({
      argv: argv.map((word) => word.replaceAll('FOLDER', this.folder)),
      env: { HOME: join(this.folder, 'home'), ...options.env },
      cwd: this.folder,
      stdout: sink('stdout'),
      stderr: sink('stderr'),
      stdin: process.stdin,
      onInterrupt: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    })
    return { code, ...out }
  }

  /** bin/elkseal.js as a process. */
  process(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../bin/elkseal.js'), ...argv], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], HOME: join(this.folder, 'home'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const out = { stdout: '', stderr: '' }
    child.stdout.on('data', (part: Buffer) => (out.stdout += part.toString()))
    child.stderr.on('data', (part: Buffer) => (out.stderr += part.toString()))
    return new Promise((accept, reject) => {
      child.once('error', reject)
      child.once('close', (code) => accept({ code: code ?? 255, ...out }))
    })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

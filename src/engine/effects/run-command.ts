import type { RunCommand } from '../../modules/effect.ts'
import type { EffectKind } from './effect-kind.ts'

/** A command's exit code is a result, not an error: `failed_when` has the last word about it. */
export const runCommand: EffectKind<RunCommand> = {
  subjects: (effect) => effect.touches ?? ['*'],

  perform: async (effect, host) => {
    const start = host.clock.now()
    const { script, stdin, timeoutMs } = effect
    // A command of the user's may leave a process behind that goes on printing.
    const output = await host.shell.run({ script, stdin, timeoutMs, leavesProcesses: true })
    return {
      rc: output.code,
      stdout: output.stdout.toString(),
      stderr: output.stderr.toString(),
      start: start.toISOString(),
      end: host.clock.now().toISOString(),
    }
  },

  forecast: async (effect, host) => {
    effect.forecast?.(host.forecast)
    return effect.forecast === undefined ? 'unknown' : 'known'
  },

  undoing: () => undefined,
}

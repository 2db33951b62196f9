import type { Output, Shell, ShellRequest } from './connection.ts'
import type { Runner } from './runner.ts'

/** Opens an sh as one account; `onTimeout` is told when one of its requests takes too long. */
export type OpenRunner = (onTimeout: () => void) => Promise<Runner>

const endTimeoutMs = 15_000

/** The shell of one account for the whole run. After a request that takes too long, a new sh takes over. */
export class HostShell implements Shell {
  readonly #open: OpenRunner
  #runner: Promise<Runner>

  private constructor(open: OpenRunner) {
    this.#open = open
    this.#runner = this.#start()
  }

  static async open(open: OpenRunner): Promise<HostShell> {
    const shell = new HostShell(open)
    await shell.#runner
    return shell
  }

  async run(request: ShellRequest): Promise<Output> {
    return (await this.#runner).run(request)
  }

  end(): void {
    this.#runner.then(
      (runner) => runner.end(),
      () => undefined,
    )
  }

  async #start(): Promise<Runner> {
    const runner: Runner = await this.#open(() => {
      this.#runner = this.#replace(runner)
      this.#runner.catch(() => undefined)
    })
    return runner
  }

  /** Closing a channel ends nothing on the host (measured: `sleep` went on), so the new sh ends what the old one runs. */
  async #replace(old: Runner): Promise<Runner> {
    const runner = await this.#start()
    if (old.pid !== undefined) await runner.run({ script: endScript(old.pid), timeoutMs: endTimeoutMs })
    old.end()
    return runner
  }
}

/**
 * Ends an sh and all that descends from it. The sh is stopped first, so that it neither takes up its next request nor
 * gives its children away. What has become a daemon is no descendant any more and goes on. By Linux's /proc, because
 * ps is not on every host.
 */
function endScript(pid: number): string {
  return `kill -STOP ${String(pid)} 2>/dev/null || exit 0
all=' ${String(pid)} '
grown=yes
while [ "$grown" = yes ]; do
  grown=no
  for stat in /proc/[0-9]*/stat; do
    read -r line <"$stat" || continue
    set -- \${line%% *} \${line##*) }
    case "$all" in *" $1 "*) continue ;; esac
    case "$all" in *" $3 "*) all="$all$1 "; grown=yes ;; esac
  done 2>/dev/null
done
kill -9 ${String(pid)}
set -- $all
shift
[ $# -gt 0 ] && kill "$@"
for wait in 1 2 3 4 5 6 7 8 9 10; do
  living=no
  for pid in "$@"; do
    read -r line <"/proc/$pid/stat" || continue
    case "\${line##*) }" in Z*) ;; *) living=yes ;; esac
  done
  [ "$living" = no ] && exit 0
  sleep 0.2
done 2>/dev/null
kill -9 "$@"
exit 0`
}

export interface ServiceState {
  readonly known: boolean
  /** No systemd is there that could know it. */
  readonly noSystemd?: boolean
  readonly active: boolean
  /** systemd's own word: active, inactive, failed, activating… */
  readonly activeState: string
  readonly enabled: boolean
  readonly mainPid: number
  /** Seconds since 1970 at which the unit became active; undefined when it is not, or when only foreseen. */
  readonly activeSince: number | undefined
  readonly result: string
  readonly execMainStatus: number
}

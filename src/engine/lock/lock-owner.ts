/** Who holds a lock: the content of the file inside it. Holds no secret. */
export interface LockOwner {
  /** Name of the file: the run's id and a part that is new for each process. */
  readonly lock: string
  readonly run: string
  readonly user: string
  /** Host name of the controller. */
  readonly controller: string
  readonly process: ControllerProcess
  readonly started: string
  readonly playbook: string
  readonly limit?: string | undefined
}

/** What tells one process from every other, also after a reboot and from within a container. */
export interface ControllerProcess {
  readonly pid: number
  /** The rest is there where the system has /proc. */
  readonly startTicks?: string | undefined
  readonly boot?: string | undefined
  readonly pidNamespace?: string | undefined
  /** A digest of /etc/machine-id, which itself must not be shown. */
  readonly machine?: string | undefined
}

/** One line of JSON. */
export function ownerText(owner: LockOwner): string {
  return JSON.stringify(owner)
}

/** Undefined for what elkseal did not write. */
export function parseOwner(text: string): LockOwner | undefined {
  try {
    const value = JSON.parse(text) as LockOwner | null
    const texts = [value?.lock, value?.run, value?.user, value?.controller, value?.started, value?.playbook]
    return texts.every((one) => typeof one === 'string') && typeof value?.process?.pid === 'number' ? value : undefined
  } catch {
    return undefined
  }
}

/** The id of the run in the name of a lock's file. */
export function runOf(lock: string): string {
  return lock.slice(0, Math.max(0, lock.lastIndexOf('.'))) || lock
}

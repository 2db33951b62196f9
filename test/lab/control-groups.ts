import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

// Each host has a control group of its own. systemd-nspawn (--keep-unit) would else put all hosts into one, and their
// systemds would take each other's processes for their own; and it finds a host's processes whatever was killed before.

/** Where systemd keeps its groups: one tree, or two where the machine still has version 1 (systemd.io/CGROUP_DELEGATION). */
const trees = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified']

export interface HostIdentity {
  readonly lab: string
  readonly name: string
}

/** Creates the host's groups; returns the files into which a process writes its number to be in them. */
export function createGroups({ lab, name }: HostIdentity): readonly string[] {
  return groupsOf(lab).map((folder) => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name, 'cgroup.procs')
  })
}

/** All processes of a lab's hosts, and of the containers around them. */
export function processesInGroups(lab: string): readonly number[] {
  const files = groupsOf(lab).flatMap((folder) => below(folder).map((group) => join(group, 'cgroup.procs')))
  const lines = files.flatMap((file) => textOf(file).split('\n').filter(Boolean))
  return [...new Set(lines.map(Number))]
}

/** A group may go while it is looked at, with the service that it was of: then nobody is in it. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    if (isGone(thrown)) return ''
    throw thrown
  }
}

/** Removes the groups of a lab, which must be empty. */
export function removeGroups(lab: string): void {
  for (const folder of groupsOf(lab)) for (const group of below(folder).toReversed()) rmdirSync(group)
}

function groupsOf(lab: string): readonly string[] {
  return trees.filter((tree) => existsSync(join(tree, 'cgroup.procs'))).map((tree) => join(tree, `elkseal-${lab}`))
}

function below(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
    return [folder, ...folders.sort()]
  } catch (thrown) {
    if (isGone(thrown)) return below(folder)
    throw thrown
  }
}

function isGone(thrown: unknown): boolean {
  return ['ENOENT', 'ENODEV'].includes((thrown as NodeJS.ErrnoException).code ?? '')
}

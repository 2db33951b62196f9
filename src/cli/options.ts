/** Options that every command with an inventory has; names and letters are Ansible's. */
export interface InventoryOptions {
  readonly inventory: readonly string[]
  readonly limit?: string
  readonly vaultPasswordFile: readonly string[]
  readonly vaultId: readonly string[]
  readonly askVaultPass?: boolean
  readonly extraVars: readonly string[]
  readonly check?: boolean
  /** Where a plan of the check is written to. */
  readonly planOut?: string
}

export interface ConnectionOptions {
  readonly user?: string
  readonly privateKey?: string
  readonly askPass?: boolean
  readonly become?: boolean
  readonly becomeUser?: string
  readonly becomeMethod?: string
  readonly askBecomePass?: boolean
  readonly sshCommonArgs?: string
  readonly sshConfig?: string
  readonly acceptNewHostKeys?: boolean
  readonly timeout: number
  readonly forks: number
}

export interface OutputOptions {
  readonly output: 'auto' | 'live' | 'plain' | 'json'
  readonly verbose: number
}

export interface RunOptions extends InventoryOptions, ConnectionOptions, OutputOptions {
  readonly check?: boolean
  readonly diff?: boolean
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly startAtTask?: string
  readonly listHosts?: boolean
  readonly listTasks?: boolean
  readonly listTags?: boolean
  readonly syntaxCheck?: boolean
}

/** Everything else is in the plan. */
export interface ApplyOptions extends Omit<InventoryOptions, 'limit' | 'planOut'>, ConnectionOptions, OutputOptions {
  readonly diff?: boolean
}

export interface ResumeOptions extends InventoryOptions, ConnectionOptions, OutputOptions {
  readonly check?: boolean
  readonly diff?: boolean
  readonly allowChangedPlaybook?: boolean
}

export interface RollbackOptions extends InventoryOptions, ConnectionOptions, OutputOptions {
  readonly check?: boolean
}

export interface UnlockOptions extends InventoryOptions, ConnectionOptions, OutputOptions {
  /** The run whose locks are removed. */
  readonly id?: string
}

export interface InventoryCommandOptions extends InventoryOptions {
  readonly list?: boolean
  /** The group, or true when none was named. */
  readonly graph?: string | true
  readonly host?: string
  readonly yaml?: boolean
  readonly vars?: boolean
}

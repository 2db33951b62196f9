/** Hosts, groups and their variables as the sources give them, before playbook layers. Values may hold Jinja and Secrets. */
export interface Inventory {
  /** In order of declaration. What a pattern selects comes in Ansible's order, the walk over the groups: selectHosts. */
  readonly hosts: ReadonlyMap<string, Host>
  readonly groups: ReadonlyMap<string, Group>
  /** Absolute paths of the sources (a host list as it was given), for group_vars and host_vars. */
  readonly sources: readonly string[]
}

export type InventoryVars = Readonly<Record<string, unknown>>

export interface Host {
  readonly name: string
  /** Direct groups, in order of declaration. */
  readonly groups: readonly string[]
  /** From the source itself, not from host_vars/. */
  readonly vars: InventoryVars
  readonly inventoryFile: string | undefined
  readonly inventoryDir: string | undefined
}

export interface Group {
  readonly name: string
  readonly children: readonly string[]
  readonly parents: readonly string[]
  readonly hosts: readonly string[]
  readonly vars: InventoryVars
  readonly priority: number
  readonly depth: number
}

export type FileState = AbsentFile | RegularFile | Directory | Link | OtherFile

export interface AbsentFile {
  readonly kind: 'absent'
}

interface Attributes {
  readonly owner: string
  readonly group: string
  /** Permission bits, as `chmod` takes them: 0o640. */
  readonly mode: number
  /** Seconds since 1970, of the last change of content. */
  readonly mtime: number
}

export interface RegularFile extends Attributes {
  readonly kind: 'file'
  readonly size: number
  /** Lower-case hex; undefined when the account may not read the file. */
  readonly sha256: string | undefined
  /** Present when the question asked for it and the file was readable. */
  readonly content?: Buffer | undefined
}

export interface Directory extends Attributes {
  readonly kind: 'directory'
  /** True in a forecast for a folder that does not exist yet: whatever lies in it is absent. */
  readonly fresh?: boolean
}

export interface Link extends Attributes {
  readonly kind: 'link'
  readonly target: string
  /** In a forecast: what the link leads to. */
  readonly followed?: FileState
}

export interface OtherFile extends Attributes {
  readonly kind: 'other'
}

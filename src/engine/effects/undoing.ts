import type { ServiceAction } from '../../modules/effect.ts'

/**
 * What must be known of an effect to undo it, also by another process on another day. Data only and no secret: it stands
 * in the journal. What was there before lies in the backup folder of the run.
 */
export type Undoing = UndoPath | UndoAttributes | UndoFolder | UndoService

export interface UndoPath {
  readonly kind: 'path'
  readonly path: string
}

export interface UndoAttributes {
  readonly kind: 'attributes'
  readonly path: string
  readonly recurse: boolean
}

export interface UndoFolder {
  readonly kind: 'folder'
  readonly path: string
}

export interface UndoService {
  readonly kind: 'service'
  readonly name: string
  /** What was done to it; undefined: it was enabled or disabled only. */
  readonly action?: ServiceAction | undefined
  /** How each action is done where systemctl alone does not know. */
  readonly scripts?: Readonly<Partial<Record<ServiceAction, string>>> | undefined
  readonly timeoutMs?: number | undefined
  /** Its start reads the password of a keystore from standard input. */
  readonly asksPassword: boolean
}

/** What came of undoing one effect. */
export type Undone =
  /** `kept`: somebody else had changed it since; that version lies there on the host. */
  | { readonly kind: 'put back'; readonly kept?: string }
  | { readonly kind: 'as before' }
  | { readonly kind: 'not saved' }
  /** The account that made the change keeps nothing on the host. */
  | { readonly kind: 'not kept' }

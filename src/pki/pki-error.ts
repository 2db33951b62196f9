import { ElksealError } from '../errors.ts'

/** A certificate, key, store or CA cannot be used. The hint says what to do instead. */
export class PkiError extends ElksealError {}

import { ElksealError } from '../errors.ts'

/** A secret cannot be opened or a password cannot be had. Exit code 1. The message never holds a secret. */
export class SecretError extends ElksealError {}

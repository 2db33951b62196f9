import { filledText, mode } from './argument-types.ts'

/** Ansible's common file arguments, for the schema of every module that leaves a file. */
export const ownershipArguments = {
  owner: filledText().optional().describe('User that is to own it: a name or a number'),
  group: filledText().optional().describe('Group that is to own it: a name or a number'),
  mode: mode()
    .optional()
    .describe('Permissions: "0640" in quotes, or u=rw,g=r,o=. A new file gets 0644 if nothing is said'),
}

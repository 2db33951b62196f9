import { day, int } from './argument-types.ts'

/** Arguments with which the time of a renewal is set, the same in every module. */
export const renewalArguments = {
  renew_before_days: int()
    .optional()
    .describe('Days before its end when a certificate is renewed. Default: when a third of its lifetime is left'),
  renew_before: day().optional().describe('A certificate that ends before this day is renewed now'),
}

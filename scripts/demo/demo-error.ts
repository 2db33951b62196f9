/** Something about this machine that keeps the demo from running, told without a stack. */
export class DemoError extends Error {}

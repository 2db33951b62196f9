import type { Suite } from 'mocha'

/**
 * The tests of a suite are steps: behind one that has failed the others have nothing to stand on, and end at once.
 * Mocha's own `bail` looks at the failures of all suites together, and would leave this one out for another's.
 */
export function inSteps(suite: Suite): void {
  let failed: string | undefined
  suite.afterEach(function () {
    if (this.currentTest?.state === 'failed') failed ??= this.currentTest.title
  })
  suite.beforeEach(() => {
    if (failed !== undefined) throw new Error(`"${failed}" has failed before`)
  })
}

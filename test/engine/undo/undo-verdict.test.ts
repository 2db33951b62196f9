import assert from 'node:assert/strict'
import { ServiceError } from '../../../src/engine/effects/set-service.ts'
import type { Undoing } from '../../../src/engine/effects/undoing.ts'
import type { ChangeStep } from '../../../src/engine/undo/change-steps.ts'
import type { Left } from '../../../src/engine/undo/undo-steps.ts'
import { verdictOf } from '../../../src/engine/undo/undo-verdict.ts'
import { TaskError } from '../../../src/errors.ts'

describe('how a host stands after a rollback', () => {
  const step = (description: string, undoing: Undoing | undefined) =>
    ({ description, undoing, change: { backup: '/backup/1' } }) as unknown as ChangeStep
  const file = step('write /etc/a.yml', { kind: 'path', path: '/etc/a.yml' })
  const service = step('restart a', { kind: 'service', name: 'a', asksPassword: false })
  const left = (of: ChangeStep, error: TaskError): Left<ChangeStep> => ({ step: of, error, notSaved: false })
  const verdict = (...some: readonly Left<ChangeStep>[]) =>
    verdictOf({ putBack: [file], left: some, kept: [] }, some, 'h1')
  const failedStart = new ServiceError(
    'Service "a" did not restart: it is failed',
    { service: 'a', properties: {}, journal: [] },
    { hint: 'Its last lines in the journal:\nno space left' },
  )

  it('is told of a service that does not run with the old files: they are there, why it fails, what to do', () => {
    const { status, summary, hint } = verdict(left(service, failedStart))
    assert.equal(status, 'failed')
    assert.equal(summary, 'its files are as they were before, but: Service "a" did not restart: it is failed')
    assert.equal(
      hint,
      'Its last lines in the journal:\nno space left\nRemove the cause on "h1", then run the same rollback again: it starts "a" and goes on',
    )
  })

  it('is told of a file that could not be put back with the place of its old version', () => {
    const untried = left(service, new TaskError('not tried, since not every file could be put back'))
    const { summary, hint } = verdict(left(file, new TaskError('Cannot put "/etc/a.yml" back: full')), untried)
    assert.match(summary, /^could not be undone: write \/etc\/a\.yml: Cannot put .* full; restart a: not tried/)
    assert.match(hint ?? '', /^The old versions are in "\/backup\/1" on "h1"/)
  })
})

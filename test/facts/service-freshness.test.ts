import assert from 'node:assert/strict'
import { Forecast } from '../../src/facts/forecast.ts'
import { serviceFreshness } from '../../src/facts/service-freshness.ts'
import { currentService } from '../../src/modules/current-service.ts'
import { LocalHost } from '../support/local-host.ts'

const files = ['/etc/kibana/kibana.yml', '/etc/kibana/ca.pem']
const question = serviceFreshness('kibana', files)
const parse = (lines: readonly string[]) =>
  question.parse({ code: 0, stdout: Buffer.from(lines.join('\n')), stderr: Buffer.alloc(0) })

/** The machine is up for 1,000 s at the time 5,000, and the process started 400 s after its boot: at 4,400. */
const running = ['load=loaded', 'state=active', 'now=5000.00', 'uptime=1000.00', 'ticks=40000']

describe('serviceFreshness', () => {
  it('finds the files that changed after the process started, to the hundredth of a second', () => {
    const [settings = '', ca = ''] = files
    const found = parse([...running, `file:${settings}=4400.02`, `file:${ca}=4399.98`])
    assert.deepEqual(found, { known: true, active: true, activeState: 'active', newer: [settings] })
  })

  it('does not count a file that is not there, nor any when nothing runs', () => {
    assert.deepEqual(parse([...running, `file:${files[0] ?? ''}=`]).newer, [])
    const stopped = parse(['load=loaded', 'state=failed', `file:${files[0] ?? ''}=4400.02`])
    assert.deepEqual(stopped, { known: true, active: false, activeState: 'failed', newer: [] })
  })

  it('foresees that a file which would be written is newer, until the service would be restarted', () => {
    const forecast = new Forecast()
    assert.equal(question.foresee?.(forecast), undefined)
    forecast.setFile(files[1] ?? '', { kind: 'absent' })
    assert.deepEqual(question.foresee?.(forecast)?.newer, [files[1]])
    const state = {
      known: true,
      active: true,
      activeState: 'active',
      enabled: true,
      mainPid: 0,
      result: '',
      execMainStatus: 0,
    }
    forecast.setService('kibana', { ...state, activeSince: 1 })
    assert.deepEqual(question.foresee?.(forecast)?.newer, [])
    forecast.setFile(files[0] ?? '', { kind: 'absent' })
    assert.deepEqual(question.foresee?.(forecast)?.newer, [files[0]])
  })
})

describe('current_service', () => {
  it('refuses a unit that systemd does not know', async () => {
    const host = new LocalHost()
    const decision = await host.decide(currentService, { name: 'elkseal-no-such-unit', files: ['/etc/hostname'] })
    assert.equal(decision.kind, 'fail')
    host.remove()
  })
})

import { Keywords } from './keywords.ts'
import { refuseUnknown } from './parse-common.ts'
import { report } from './parse-context.ts'
import type { Loop } from './playbook.ts'

const loopControls = ['loop_var', 'index_var', 'label', 'pause']

export function parseLoop(keywords: Keywords): Loop | undefined {
  const { context } = keywords
  const node = keywords.node('loop')
  const control = keywords.node('loop_control')
  if (node === undefined) {
    if (control !== undefined) {
      report(context, '"loop_control" is of no use without "loop"', keywords.position('loop_control'))
    }
    return undefined
  }
  const over = keywords.raw('loop')
  if (over === undefined || (typeof over !== 'string' && !Array.isArray(over))) {
    report(context, '"loop" must be a list, or a template that gives one', node.position)
    return undefined
  }
  if (control !== undefined && control.kind !== 'map') {
    report(context, '"loop_control" must be a mapping', control.position)
  }
  const controls = control?.kind === 'map' ? new Keywords(control, context) : undefined
  if (controls !== undefined) refuseUnknown(controls, '"loop_control"', loopControls)
  return {
    over,
    loopVar: variableName(controls, 'loop_var') ?? 'item',
    indexVar: variableName(controls, 'index_var'),
    label: controls?.raw('label'),
    pauseSeconds: controls?.raw('pause'),
  }
}

function variableName(controls: Keywords | undefined, keyword: string): string | undefined {
  const name = controls?.text(keyword)
  if (controls === undefined || name === undefined || /^[A-Za-z_]\w*$/.test(name)) return name
  report(controls.context, `"${keyword}" must be a variable's name, not "${name}"`, controls.position(keyword))
  return undefined
}
